package store

import (
	"errors"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// Folder is one scope of the file store. It may be copied and used concurrently, by any number of processes.
//
// What writes takes turns with other writers, waiting at most half a minute, and where it can open the file it checks it
// first. Errors are *NotFoundError, *NoIdentityError, *TamperedError, *StateError, *KeysError, *RecipientsError or of the
// file system.
type Folder struct {
	Scope app.SecretScope
	Keys  Keys
	// Now is the clock for metadata; nil means time.Now.
	Now func() time.Time
}

// Names are the secrets that the folder has, sorted, without those that were removed. It needs no identity. A folder that
// does not exist has none.
func (f Folder) Names() ([]string, error) { return nil, errors.ErrUnsupported }

// Read answers what is known of a secret. It needs no identity, so that it finds a broken form but not an edited state. A
// secret that was removed is answered too.
func (f Folder) Read(name string) (Record, error) { return Record{}, errors.ErrUnsupported }

// Value opens a version, whatever its state; 0 means the current one. It checks the whole file first.
func (f Folder) Value(name string, number int) (secret.String, Version, error) {
	return secret.String{}, Version{}, errors.ErrUnsupported
}

// NewVersion is a version to be.
type NewVersion struct {
	Value secret.String // not empty, at most 64 KiB; any bytes
	// State is app.VersionCurrent, also where it is empty, or app.VersionPending.
	State app.VersionState
	By    string
	Why   string
	// Rotation identifies the rotation that wants it: a repeat finds the version that it has made.
	Rotation string
}

// Add writes a new version. As the current one it makes the one before previous. As a pending one it revokes a pending
// one that another rotation or a person has left. With a Rotation a repeat changes nothing and answers the version of
// the first time, whatever its state and value by then. The first secret of a folder makes the recipients, and this
// machine's identity, where they are missing.
func (f Folder) Add(name string, v NewVersion) (Version, error) {
	return Version{}, errors.ErrUnsupported
}

// Settlement says what becomes of versions.
type Settlement struct {
	// Current becomes the current version; what was current becomes previous, unless it is in Revoke. 0 for no change.
	Current int
	// Revoke are the versions that nothing may use any more.
	Revoke []int
	By     string
	Why    string
}

// Settle sets states, all at once. It may be repeated: a version that is as asked for stays as it is. A *StateError is for
// a revoked version that should be current, and for a current one that should be revoked with no other in its place.
func (f Folder) Settle(name string, s Settlement) (Record, error) {
	return Record{}, errors.ErrUnsupported
}

// Remove revokes all versions and drops their values. The record stays, so that numbers are not used again; a later Add
// goes on from there. Removing what was removed changes nothing.
func (f Folder) Remove(name, by, why string) error { return errors.ErrUnsupported }
