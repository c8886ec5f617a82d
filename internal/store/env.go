package store

import (
	"context"
	"fmt"
	"os"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
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
	return found(s.Name, where, text)
}

// found judges what a source has.
func found(name, where, text string) (Found, error) {
	if err := checkValue(text); err != nil {
		return Found{}, fmt.Errorf("the secret %s in %s: %w", name, where, err)
	}
	return Found{Value: secret.New(text)}, nil
}
