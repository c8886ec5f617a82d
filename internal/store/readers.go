package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"
)

// Readers are all who can read the secrets of some folders: one list of recipients, and every folder that is encrypted to
// it.
type Readers struct {
	// Path is the list: a public key a line, with its note as a comment in the line above.
	Path    string
	Folders []Folder
	Keys    Keys
}

// List are the recipients, in the order of the file; none where there is no file.
func (r Readers) List() ([]Recipient, error) {
	all, err := readRecipients(r.Path)
	return all.list, err
}

// Change adds and removes recipients and encrypts all secrets to the new list; it answers how many files it wrote. Before
// anything changes it makes sure that this machine can open every file and will be able to afterwards. Adding one that is
// there only sets its note, if one is given. If it is cut off, a repeat or Reencrypt does the rest. Who was removed has
// seen the values: rotate them.
func (r Readers) Change(add []Recipient, remove []string) (written int, err error) {
	unlock, err := lock(filepath.Dir(r.Path), publicFolder)
	if err != nil {
		return 0, fmt.Errorf("change the recipients: %w", err)
	}
	defer unlock()
	before, err := readRecipients(r.Path)
	if err != nil {
		return 0, err
	}
	after, err := r.changed(before, add, remove)
	if err != nil {
		return 0, err
	}
	if err := r.canRead(before, after); err != nil {
		return 0, err
	}
	if !slices.Equal(before.list, after.list) {
		if err := after.write(r.Path); err != nil {
			return 0, err
		}
	}
	return r.reencrypt(after)
}

// changed is the list with some more and some less.
func (r Readers) changed(before recipients, add []Recipient, remove []string) (recipients, error) {
	list := slices.Clone(before.list)
	for _, one := range add {
		one.Note = oneLine(one.Note)
		i := slices.IndexFunc(list, func(have Recipient) bool { return have.Key == one.Key })
		switch {
		case i < 0:
			list = append(list, one)
		case one.Note != "":
			list[i].Note = one.Note
		}
	}
	for _, key := range remove {
		i := slices.IndexFunc(list, func(have Recipient) bool { return have.Key == key })
		if i < 0 {
			return recipients{}, &RecipientsError{Path: r.Path, What: fmt.Sprintf("%q is not among them", key)}
		}
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		return recipients{}, &RecipientsError{Path: r.Path, What: "the last one cannot be removed: nobody could read the secrets any more"}
	}
	return resolveRecipients(r.Path, list)
}

// canRead says whether this machine opens all that is there, and will.
func (r Readers) canRead(before, after recipients) error {
	own, err := r.Keys.Recipients()
	if err != nil && !missing(err) {
		return err
	}
	some := false
	for _, f := range r.Folders {
		names, err := f.files()
		if err != nil {
			return err
		}
		for _, name := range names {
			some = true
			if _, err := f.open(name); err != nil {
				return err
			}
		}
	}
	if (some || before.hasAny(own)) && !after.hasAny(own) {
		return &RecipientsError{Path: r.Path, What: "the last one of this machine cannot be removed: it could not read the secrets any more. Remove it on another machine"}
	}
	return nil
}

// Reencrypt encrypts what is not encrypted to the list of this moment; it answers how many files it wrote. It may be cut
// off and repeated.
func (r Readers) Reencrypt() (written int, err error) {
	unlock, err := lock(filepath.Dir(r.Path), publicFolder)
	if err != nil {
		return 0, fmt.Errorf("encrypt the secrets anew: %w", err)
	}
	defer unlock()
	to, err := readRecipients(r.Path)
	if err != nil {
		return 0, err
	}
	if len(to.list) == 0 {
		return 0, &RecipientsError{Path: r.Path, What: "there are none"}
	}
	return r.reencrypt(to)
}

// reencrypt has the lock of the list's folder.
func (r Readers) reencrypt(to recipients) (written int, err error) {
	for _, f := range r.Folders {
		n, err := r.reencryptFolder(f, to)
		written += n
		if err != nil {
			return written, fmt.Errorf("encrypt the secrets of %s anew: %w", f.Scope.Of, err)
		}
	}
	return written, nil
}

func (r Readers) reencryptFolder(f Folder, to recipients) (written int, err error) {
	if _, err := os.Stat(f.Scope.Folder); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if !sameFolder(f.Scope.Folder, filepath.Dir(r.Path)) {
		unlock, err := lock(f.Scope.Folder, publicFolder)
		if err != nil {
			return 0, err
		}
		defer unlock()
	}
	names, err := f.files()
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		changed, err := f.reencrypt(name, to)
		if err != nil {
			return written, err
		}
		if changed {
			written++
		}
	}
	return written, nil
}

// reencrypt has the folder's lock.
func (f Folder) reencrypt(name string, to recipients) (changed bool, err error) {
	d, err := f.read(name)
	if err != nil || d.isFor(to) {
		return false, err
	}
	values, err := f.open(name)
	if err != nil {
		return false, err
	}
	for i, v := range d.Versions {
		if v.Text == "" || v.For == to.id {
			continue
		}
		if d.Versions[i].ciphertext, err = d.seal(v.Number, values[i], to); err != nil {
			return false, err
		}
	}
	return true, d.write(f.path(name), to)
}

func (d *document) isFor(to recipients) bool {
	return d.Check.For == to.id && !slices.ContainsFunc(d.Versions, func(v storedVersion) bool { return v.Text != "" && v.For != to.id })
}

// open opens every version that has a value.
func (f Folder) open(name string) ([][]byte, error) {
	d, err := f.read(name)
	if err != nil {
		return nil, err
	}
	identities, err := f.identities()
	if err != nil {
		return nil, err
	}
	if err := d.verify(f.path(name), identities); err != nil {
		return nil, f.explain(name, d.Check, err)
	}
	return f.openAll(d, identities)
}

func (f Folder) openAll(d *document, identities []age.Identity) ([][]byte, error) {
	values := make([][]byte, len(d.Versions))
	for i, v := range d.Versions {
		if v.Text == "" {
			continue
		}
		var err error
		if values[i], err = d.value(f.path(d.Name), v, identities); err != nil {
			return nil, f.explain(d.Name, v.ciphertext, err)
		}
	}
	return values, nil
}
