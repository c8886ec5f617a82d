// Package registry finds the login for a registry on this machine: in the place that the project's settings name, else in
// Docker's own configuration. It must not know what the login is for, and no error of it holds a secret.
package registry

import (
	"context"
	"fmt"
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

// Open answers the value that was sealed for a secret's name.
type Open func(name, sealed string) (secret.String, error)

// Found is the login for a registry.
type Found struct {
	// Name is the registry's.
	Name string
	// Login is anonymous where there is none.
	Login host.Login
	// From says for a person where it was found, or where it was looked for.
	From string
}

// Find looks for the login for a registry, each time anew: a password may have changed. An entry that is there for the
// registry must give one; without an entry, none is no error. An error of open is wrapped.
func Find(ctx context.Context, name string, entries []app.Registry, open Open) (Found, error) {
	i := slices.IndexFunc(entries, func(r app.Registry) bool { return r.Name == name })
	if i < 0 {
		return fromDocker(ctx, name)
	}
	from := fmt.Sprintf("registries.%s (the user %s, the password from %s)", name, entries[i].Username, placeOf(entries[i]))
	password, err := passwordOf(ctx, entries[i], open)
	if err != nil {
		return Found{Name: name, From: from}, fmt.Errorf("the password for the registry %s: %w", name, err)
	}
	return Found{Name: name, Login: host.Login{Registry: name, Username: entries[i].Username, Password: password}, From: from}, nil
}
