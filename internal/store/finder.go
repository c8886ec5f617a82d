package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

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
	if s.Source.From == app.FromStore {
		return f.stored(scopes, s.Name)
	}
	source, ok := f.Sources[s.Source.From]
	if !ok {
		return Found{}, fmt.Errorf("the secret %s is to come from %q, which this worker does not know", s.Name, s.Source.From)
	}
	found, err := source.Find(ctx, s)
	if err != nil {
		return Found{}, err
	}
	if found.Version == "" {
		found.Version = f.Version(s.Name, found.Value)
	}
	return found, nil
}

func (f Finder) stored(scopes []app.SecretScope, name string) (Found, error) {
	for _, scope := range scopes {
		value, version, err := f.folder(scope).Value(name, 0)
		var none *NotFoundError
		if errors.As(err, &none) {
			continue
		}
		if err != nil {
			return Found{}, err
		}
		return Found{Value: value, Version: strconv.Itoa(version.Number), Scope: scope.Kind}, nil
	}
	return Found{}, notInAny(scopes, name)
}

// State says what a version that was found in the file store is good for by now. Scope and Version of the secret say which
// one. A secret that is in no scope any more, or was removed, is a *NotFoundError. It needs no identity.
func (f Finder) State(scopes []app.SecretScope, s app.Secret) (app.VersionState, error) {
	number, err := strconv.Atoi(s.Version)
	if err != nil || number < 1 {
		return "", fmt.Errorf("%q is not a version of the secret %s in the file store", s.Version, s.Name)
	}
	i := slices.IndexFunc(scopes, func(scope app.SecretScope) bool { return scope.Kind == s.Scope })
	if i < 0 {
		return "", notInAny(scopes, s.Name)
	}
	record, err := f.folder(scopes[i]).Read(s.Name)
	if err != nil {
		return "", err
	}
	version, ok := record.Version(number)
	if !ok || record.Removed {
		return "", f.folder(scopes[i]).notFound(s.Name, number)
	}
	return version.State, nil
}

// Missing are the secrets that cannot be found, in the order given. It needs no identity. A secret of the file store is
// missing where no scope has a current version, and one that is in a file where that is not there; what a command, a
// variable of the worker or a server has is not judged.
func (f Finder) Missing(scopes []app.SecretScope, secrets []app.Secret) ([]app.Secret, error) {
	var missing []app.Secret
	for _, s := range secrets {
		is, err := f.missing(scopes, s)
		if err != nil {
			return nil, err
		}
		if is {
			missing = append(missing, s)
		}
	}
	return missing, nil
}

func (f Finder) missing(scopes []app.SecretScope, s app.Secret) (bool, error) {
	switch {
	case s.Source.File != "":
		_, err := os.Stat(s.Source.File)
		return errors.Is(err, fs.ErrNotExist), nil
	case s.Source.From != app.FromStore:
		return false, nil
	}
	_, err := f.Nearest(scopes, s.Name)
	var none *NotFoundError
	if errors.As(err, &none) {
		return true, nil
	}
	return false, err
}

// Nearest is the scope whose value of a secret of the file store counts: the first with a current version. It needs no
// identity. A secret that has none in any is a *NotFoundError.
func (f Finder) Nearest(scopes []app.SecretScope, name string) (app.SecretScope, error) {
	for _, scope := range scopes {
		record, err := f.folder(scope).Read(name)
		var none *NotFoundError
		if errors.As(err, &none) {
			continue
		}
		if err != nil {
			return app.SecretScope{}, err
		}
		if _, ok := record.Version(0); ok {
			return scope, nil
		}
	}
	return app.SecretScope{}, notInAny(scopes, name)
}

func (f Finder) folder(scope app.SecretScope) Folder { return Folder{Scope: scope, Keys: f.Keys} }

func notInAny(scopes []app.SecretScope, name string) error {
	e := &NotFoundError{Name: name}
	for _, scope := range scopes {
		e.Where = append(e.Where, scope.Of)
	}
	return e
}
