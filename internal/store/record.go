package store

import (
	"slices"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// Record is what is known of a secret without its values.
type Record struct {
	Name string
	// Scope is whose it is: app.SecretScope.Of.
	Scope string
	// Versions are numbered from 1, without gaps, oldest first.
	Versions []Version
	// Removed says that the secret is gone: what is left is who had it, and the numbers that are not used again.
	Removed bool
}

// Version is one value that a secret has had.
type Version struct {
	Number int              `json:"number"`
	State  app.VersionState `json:"state"`
	At     time.Time        `json:"at"`
	By     string           `json:"by"`
	Why    string           `json:"why,omitempty"`
	// Rotation is the id of the rotation that made it; empty for a person.
	Rotation string `json:"rotation,omitempty"`
	// Changes are those of its state, oldest first. The one that it began with is not among them.
	Changes []Change `json:"changes,omitempty"`
}

// Change says who brought a version to a state.
type Change struct {
	State app.VersionState `json:"state"`
	At    time.Time        `json:"at"`
	By    string           `json:"by"`
	Why   string           `json:"why,omitempty"`
}

// Version finds a version by number; 0 stands for the current one.
func (r Record) Version(number int) (Version, bool) {
	i := slices.IndexFunc(r.Versions, func(v Version) bool {
		return v.Number == number || number == 0 && v.State == app.VersionCurrent
	})
	if i < 0 {
		return Version{}, false
	}
	return r.Versions[i], true
}

// Pending finds the pending version.
func (r Record) Pending() (Version, bool) {
	i := slices.IndexFunc(r.Versions, func(v Version) bool { return v.State == app.VersionPending })
	if i < 0 {
		return Version{}, false
	}
	return r.Versions[i], true
}
