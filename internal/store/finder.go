package store

import (
	"context"
	"errors"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// Finder finds secrets wherever they come from. It is safe for concurrent use.
type Finder struct {
	Keys Keys
	// Sources are the places other than the file store, by app.SecretSource.From.
	Sources map[string]Source
	// Version names the version of a value whose source has none.
	Version func(name string, value secret.String) string
}

// Current finds a secret's value and version as of this moment. In the file store the nearest scope with a current
// version wins; a scope whose file cannot be opened or is not as it was written is an error, never passed over. Errors are
// those of Folder.Value and Source.Find.
func (f Finder) Current(ctx context.Context, scopes []app.SecretScope, s app.Secret) (Found, error) {
	return Found{}, errors.ErrUnsupported
}

// State says what a version that was found in the file store is good for by now. Scope and Version of the secret say which
// one. A secret that is in no scope any more, or was removed, is a *NotFoundError. It needs no identity.
func (f Finder) State(scopes []app.SecretScope, s app.Secret) (app.VersionState, error) {
	return "", errors.ErrUnsupported
}

// Missing are the secrets that cannot be found, in the order given. It needs no identity. A secret of the file store is
// missing where no scope has a current version, and one that is in a file where that is not there; what a command, a
// variable of the worker or a server has is not judged.
func (f Finder) Missing(scopes []app.SecretScope, secrets []app.Secret) ([]app.Secret, error) {
	return nil, errors.ErrUnsupported
}
