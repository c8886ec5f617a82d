package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

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
func (f Folder) Names() ([]string, error) {
	all, err := f.files()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range all {
		r, err := f.Read(name)
		if err != nil {
			return nil, err
		}
		if !r.Removed {
			names = append(names, name)
		}
	}
	return names, nil
}

// files are the names that have a file, sorted.
func (f Folder) files() ([]string, error) {
	entries, err := os.ReadDir(f.Scope.Folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the secrets of %s: %w", f.Scope.Of, err)
	}
	var names []string
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), extension)
		if ok && secret.CheckName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Read answers what is known of a secret. It needs no identity, so that it finds a broken form but not an edited state. A
// secret that was removed is answered too.
func (f Folder) Read(name string) (Record, error) {
	d, err := f.read(name)
	if err != nil {
		return Record{}, err
	}
	return d.record(), nil
}

// Value opens a version, whatever its state; 0 means the current one. It checks the whole file first.
func (f Folder) Value(name string, number int) (secret.String, Version, error) {
	d, err := f.read(name)
	if err != nil {
		return secret.String{}, Version{}, err
	}
	identities, err := f.identities()
	if err != nil {
		return secret.String{}, Version{}, err
	}
	if err := d.verify(f.path(name), identities); err != nil {
		return secret.String{}, Version{}, f.explain(name, d.Check, err)
	}
	version, ok := d.record().Version(number)
	if !ok {
		return secret.String{}, Version{}, f.notFound(name, number)
	}
	stored := d.Versions[version.Number-1]
	if stored.Text == "" {
		return secret.String{}, Version{}, &StateError{Name: name, Version: version.Number, State: version.State, Refused: "be read: it was removed"}
	}
	value, err := d.value(f.path(name), stored, identities)
	if err != nil {
		return secret.String{}, Version{}, f.explain(name, stored.ciphertext, err)
	}
	return secret.New(string(value)), version, nil
}

func (f Folder) path(name string) string { return filepath.Join(f.Scope.Folder, name+extension) }

func (f Folder) read(name string) (*document, error) {
	if err := secret.CheckName(name); err != nil {
		return nil, err
	}
	d, err := readDocument(f.path(name), name, f.Scope.Of)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.notFound(name, 0)
	}
	return d, err
}

func (f Folder) notFound(name string, number int) error {
	return &NotFoundError{Name: name, Version: number, Where: []string{f.Scope.Of}}
}

// identities are none where this machine has no file of them; a file that cannot be used is an error.
func (f Folder) identities() ([]age.Identity, error) {
	identities, err := f.Keys.Identities()
	if missing(err) {
		return nil, nil
	}
	return identities, err
}

// explain turns errNoIdentity into what a user should know. A text for today's recipients, with this machine among them,
// was changed.
func (f Folder) explain(name string, c ciphertext, err error) error {
	if !errors.Is(err, errNoIdentity) {
		return err
	}
	own, keysErr := f.Keys.Recipients()
	if keysErr != nil && !missing(keysErr) {
		return keysErr
	}
	if today, err := readRecipients(f.Scope.Recipients); err == nil && today.id == c.For && today.hasAny(own) {
		return &TamperedError{File: f.path(name), What: "a text in it was encrypted to this machine and cannot be decrypted"}
	}
	e := &NoIdentityError{File: f.path(name), Recipients: c.recipients(), Identities: f.Keys.Path}
	if len(own) > 0 {
		e.Recipient = own[0]
	}
	return e
}

func (f Folder) now() time.Time {
	if f.Now != nil {
		return f.Now().UTC().Truncate(time.Second)
	}
	return time.Now().UTC().Truncate(time.Second)
}
