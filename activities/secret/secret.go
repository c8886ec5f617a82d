// Package secret implements the activities that find the values of secrets, where this worker can read them, and that keep
// their versions in the file store. Values leave it sealed. It must not know how they reach a container or a database.
package secret

import (
	"strconv"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	value "github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
)

// Activities are bound to the stores that a worker can read. They may run concurrently.
type Activities struct {
	Finder store.Finder
	// Opener seals and opens with the worker's key ring, and its masker learns every value.
	Opener unseal.Opener
}

// Register binds the activities to their names.
func (a Activities) Register(r activities.Registry) {
	activities.ResolveSecrets.Register(r, a.ResolveSecrets)
	activities.RepinSecrets.Register(r, a.RepinSecrets)
	activities.BeginVersion.Register(r, a.BeginVersion)
	activities.SettleVersion.Register(r, a.SettleVersion)
}

// folder is one scope of the file store.
func (a Activities) folder(scope app.SecretScope) store.Folder {
	return store.Folder{Scope: scope, Keys: a.Finder.Keys}
}

// seal has a value masked from now on, and answers it sealed for a secret's name.
func (a Activities) seal(name string, v value.String) (string, error) {
	a.Opener.Masker.Learn(v)
	return a.Opener.Sealer.Seal(name, v)
}

// number is the number that a version of the file store has as app.Secret names it; 0 for one of another source.
func number(version string) int {
	n, err := strconv.Atoi(version)
	if err != nil {
		return 0
	}
	return n
}
