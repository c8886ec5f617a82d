package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

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
	if err := secret.CheckName(name); err != nil {
		return Version{}, err
	}
	if v.State == "" {
		v.State = app.VersionCurrent
	}
	if v.State != app.VersionCurrent && v.State != app.VersionPending {
		return Version{}, fmt.Errorf("a new version of the secret %s is current or pending, and not %q", name, v.State)
	}
	if err := checkValue(v.Value.Reveal()); err != nil {
		return Version{}, fmt.Errorf("the value of the secret %s: %w", name, err)
	}
	if err := ensureRecipients(f.Scope.Recipients, f.Keys, v.By); err != nil {
		return Version{}, err
	}
	var made Version
	err := f.update(name, true, func(d *document, to recipients) (bool, error) {
		if i := slices.IndexFunc(d.Versions, func(have storedVersion) bool { return v.Rotation != "" && have.Rotation == v.Rotation }); i >= 0 {
			made = d.Versions[i].Version
			return false, nil
		}
		number := len(d.Versions) + 1
		text, err := d.seal(number, []byte(v.Value.Reveal()), to)
		if err != nil {
			return false, err
		}
		by := Change{At: f.now(), By: v.By, Why: v.Why}
		d.supersede(v.State, number, by)
		made = Version{Number: number, State: v.State, At: by.At, By: v.By, Why: v.Why, Rotation: v.Rotation}
		d.Versions = append(d.Versions, storedVersion{Version: made, ciphertext: text})
		d.Removed = false
		return true, nil
	})
	return made, err
}

// supersede makes way for a version in a state that only one may have.
func (d *document) supersede(state app.VersionState, number int, by Change) {
	for i := range d.Versions {
		if v := &d.Versions[i]; v.State == state && v.Number != number {
			then := app.VersionPrevious
			if state == app.VersionPending {
				then = app.VersionRevoked
				by.Why = fmt.Sprintf("version %d took its place", number)
			}
			v.become(then, by)
		}
	}
}

func (v *Version) become(state app.VersionState, by Change) {
	by.State = state
	v.State, v.Changes = state, append(v.Changes, by)
}

// Settlement says what becomes of versions.
type Settlement struct {
	// Current becomes the current version; what was current becomes previous, unless it is in Revoke. 0 for no change.
	Current int
	// From has Current take the place of this version alone: where another is current, that stays. 0 for any.
	From int
	// Revoke are the versions that nothing may use any more.
	Revoke []int
	By     string
	Why    string
}

// Settle sets states, all at once. It may be repeated: a version that is as asked for stays as it is. A *StateError is for
// a revoked version that should be current, and for a current one that should be revoked with no other in its place.
func (f Folder) Settle(name string, s Settlement) (Record, error) {
	var settled Record
	err := f.update(name, false, func(d *document, _ recipients) (bool, error) {
		changed, err := d.settle(f, s, Change{At: f.now(), By: s.By, Why: s.Why})
		settled = d.record()
		return changed, err
	})
	if err != nil {
		return Record{}, err
	}
	return settled, nil
}

func (d *document) settle(f Folder, s Settlement, by Change) (changed bool, err error) {
	known := func(number int) bool { return number >= 1 && number <= len(d.Versions) }
	if s.Current != 0 && !known(s.Current) {
		return false, f.notFound(d.Name, s.Current)
	}
	for _, number := range s.Revoke {
		if !known(number) {
			return false, f.notFound(d.Name, number)
		}
	}
	if slices.Contains(s.Revoke, s.Current) {
		return false, fmt.Errorf("version %d of the secret %s cannot be made current and revoked at once", s.Current, d.Name)
	}
	if s.Current != 0 {
		v := &d.Versions[s.Current-1]
		if v.State == app.VersionRevoked {
			return false, &StateError{Name: d.Name, Version: v.Number, State: v.State, Refused: "be used again: set its value anew"}
		}
		if v.State != app.VersionCurrent && (s.From == 0 || d.isCurrent(s.From)) {
			d.replaceCurrent(s, by)
			v.become(app.VersionCurrent, by)
			changed = true
		}
	}
	for _, number := range s.Revoke {
		switch v := &d.Versions[number-1]; v.State {
		case app.VersionRevoked:
		case app.VersionCurrent:
			return false, &StateError{Name: d.Name, Version: v.Number, State: v.State, Refused: "be revoked with no other in its place"}
		default:
			v.become(app.VersionRevoked, by)
			changed = true
		}
	}
	return changed, nil
}

func (d *document) isCurrent(number int) bool {
	return slices.ContainsFunc(d.Versions, func(v storedVersion) bool { return v.Number == number && v.State == app.VersionCurrent })
}

// replaceCurrent makes what is current previous, or revokes it at once.
func (d *document) replaceCurrent(s Settlement, by Change) {
	for i := range d.Versions {
		if v := &d.Versions[i]; v.State == app.VersionCurrent {
			then := app.VersionPrevious
			if slices.Contains(s.Revoke, v.Number) {
				then = app.VersionRevoked
			}
			v.become(then, by)
		}
	}
}

// Remove revokes all versions and drops their values. The record stays, so that numbers are not used again; a later Add
// goes on from there. Removing what was removed changes nothing.
func (f Folder) Remove(name, by, why string) error {
	return f.update(name, false, func(d *document, _ recipients) (bool, error) {
		if d.Removed {
			return false, nil
		}
		d.Removed = true
		for i := range d.Versions {
			v := &d.Versions[i]
			v.ciphertext = ciphertext{}
			if v.State != app.VersionRevoked {
				v.become(app.VersionRevoked, Change{At: f.now(), By: by, Why: why})
			}
		}
		return true, nil
	})
}

// update changes a secret's file under the folder's lock, and leaves it as it is where change answers false or fails. It
// makes a new one only if create says so.
func (f Folder) update(name string, create bool, change func(d *document, to recipients) (bool, error)) error {
	if !create {
		if _, err := f.read(name); err != nil { // before the lock, which makes the folder
			return err
		}
	}
	unlock, err := lock(f.Scope.Folder, publicFolder)
	if err != nil {
		return fmt.Errorf("write the secret %s of %s: %w", name, f.Scope.Of, err)
	}
	defer unlock()
	d, err := f.checked(name)
	var none *NotFoundError
	if errors.As(err, &none) && create {
		d, err = &document{Format: formatVersion, Name: name, Of: f.Scope.Of}, nil
	}
	if err != nil {
		return err
	}
	to, err := readRecipients(f.Scope.Recipients)
	if err != nil {
		return err
	}
	if len(to.list) == 0 {
		return &RecipientsError{Path: f.Scope.Recipients, What: "there are none: bring the file back"}
	}
	changed, err := change(d, to)
	if err != nil || !changed {
		return err
	}
	if err := d.write(f.path(name), to); err != nil {
		return fmt.Errorf("write the secret %s of %s: %w", name, f.Scope.Of, err)
	}
	return nil
}

// checked reads a document and verifies it as far as this machine can: who cannot read may still write.
func (f Folder) checked(name string) (*document, error) {
	d, err := f.read(name)
	if err != nil {
		return nil, err
	}
	identities, err := f.identities()
	if err != nil {
		return nil, err
	}
	if err := d.verify(f.path(name), identities); err != nil {
		var none *NoIdentityError
		if err = f.explain(name, d.Check, err); !errors.As(err, &none) {
			return nil, err
		}
	}
	return d, nil
}
