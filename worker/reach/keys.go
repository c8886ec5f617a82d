package reach

import (
	"context"
	"errors"
	"fmt"

	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
)

// keys reads the private keys of hosts from the file store. It is safe for concurrent use.
type keys struct {
	identities store.Keys
	learner    unseal.Learner
}

// read answers the current version, so that a login after a rotation uses the new one. It never waits: the store is files.
func (k keys) read(_ context.Context, s app.SecretLine) (secret.String, error) {
	value, _, err := store.Folder{Scope: s.Scope, Keys: k.identities}.Value(s.Name, 0)
	var absent *store.NotFoundError
	switch {
	case errors.As(err, &absent):
		return secret.String{}, fmt.Errorf("%w; set it on the worker's machine: longshore secret set %s", err, s.Name)
	case err != nil:
		return secret.String{}, fmt.Errorf("the secret %s: %w", s.Name, err)
	}
	k.learner.Learn(value)
	return value, nil
}
