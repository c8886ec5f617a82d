package store

import (
	"context"
	"os"

	"github.com/longshore-dev/longshore/internal/app"
)

// Env is the environment of this process.
type Env struct{}

// Find implements Source. The value is taken as it is.
func (Env) Find(_ context.Context, s app.Secret) (Found, error) {
	where := "the variable " + s.Source.Variable
	text, ok := os.LookupEnv(s.Source.Variable)
	if !ok {
		return Found{}, &NotFoundError{Name: s.Name, Where: []string{where + " of the worker"}}
	}
	return FoundIn(s.Name, where, text)
}
