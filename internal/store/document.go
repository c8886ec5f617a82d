package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"filippo.io/age"

	"github.com/longshore-dev/longshore/internal/app"
)

const (
	formatVersion = 1
	extension     = ".json"
)

// document is a secret's file.
type document struct {
	Format   int             `json:"format"`
	Name     string          `json:"name"`
	Of       string          `json:"of"` // app.SecretScope.Of
	Removed  bool            `json:"removed,omitempty"`
	Versions []storedVersion `json:"versions"`
	// Check is the digest of all of the above.
	Check ciphertext `json:"check"`
}

type storedVersion struct {
	Version
	ciphertext
}

// envelope is what a version's text holds: a text that was put elsewhere does not fit there.
type envelope struct {
	Name   string `json:"name"`
	Of     string `json:"of"`
	Number int    `json:"number"`
	Value  []byte `json:"value"`
}

// readDocument answers fs.ErrNotExist where there is no file, and judges the form of one that is there.
func readDocument(path, name, of string) (*document, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret %s: %w", name, err)
	}
	var format struct{ Format int }
	if err := json.Unmarshal(data, &format); err == nil && format.Format > formatVersion {
		return nil, fmt.Errorf("%s has format %d, and this longshore knows up to %d: use a newer one", path, format.Format, formatVersion)
	}
	d := &document{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, &TamperedError{File: path, What: "it is not whole, or not of the form of a secret's file"}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, &TamperedError{File: path, What: "something follows after its end"}
	}
	if what := d.broken(name, of); what != "" {
		return nil, &TamperedError{File: path, What: what}
	}
	return d, nil
}

// broken says what the form of a document shows without a key.
func (d *document) broken(name, of string) string {
	switch {
	case d.Format != formatVersion:
		return fmt.Sprintf("it has format %d", d.Format)
	case d.Name != name:
		return fmt.Sprintf("it is the secret %q, under the name of another", d.Name)
	case d.Of != of:
		return fmt.Sprintf("it is a secret of %q, and lies in the folder of %q", d.Of, of)
	case len(d.Versions) == 0:
		return "it has no version"
	}
	count := map[app.VersionState]int{}
	for i, v := range d.Versions {
		first := len(v.Changes) == 0
		count[v.State]++
		switch {
		case v.Number != i+1:
			return fmt.Sprintf("where version %d should be is version %d", i+1, v.Number)
		case !slices.Contains([]app.VersionState{app.VersionPending, app.VersionCurrent, app.VersionPrevious, app.VersionRevoked}, v.State):
			return fmt.Sprintf("version %d has the unknown state %q", v.Number, v.State)
		case first && v.State != app.VersionPending && v.State != app.VersionCurrent, !first && v.Changes[len(v.Changes)-1].State != v.State:
			return fmt.Sprintf("nothing says how version %d came to be %s", v.Number, v.State)
		case v.Text == "" && v.State != app.VersionRevoked:
			return fmt.Sprintf("version %d has no value", v.Number)
		}
	}
	if count[app.VersionCurrent] > 1 || count[app.VersionPending] > 1 {
		return "two versions are current, or pending"
	}
	return ""
}

// digest is of all but the check itself.
func (d *document) digest() ([]byte, error) {
	bare := *d
	bare.Check = ciphertext{}
	data, err := json.Marshal(bare)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	return []byte(hex.EncodeToString(sum[:])), nil
}

// verify compares the document with its check. Its errors are *TamperedError and errNoIdentity.
func (d *document) verify(path string, identities []age.Identity) error {
	want, err := d.Check.decrypt(identities)
	if errors.Is(err, errNoIdentity) {
		return err
	}
	if err != nil {
		return &TamperedError{File: path, What: "its check cannot be decrypted"}
	}
	got, err := d.digest()
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return &TamperedError{File: path, What: "it does not fit its check: a value, a state or another part was changed"}
	}
	return nil
}

// value opens a version. Its errors are *TamperedError and errNoIdentity.
func (d *document) value(path string, v storedVersion, identities []age.Identity) ([]byte, error) {
	plain, err := v.decrypt(identities)
	if errors.Is(err, errNoIdentity) {
		return nil, err
	}
	var e envelope
	if err != nil || json.Unmarshal(plain, &e) != nil {
		return nil, &TamperedError{File: path, What: fmt.Sprintf("the value of version %d cannot be decrypted", v.Number)}
	}
	if e.Name != d.Name || e.Of != d.Of || e.Number != v.Number {
		return nil, &TamperedError{File: path, What: fmt.Sprintf("version %d has the value of version %d of %s in %s", v.Number, e.Number, e.Name, e.Of)}
	}
	return e.Value, nil
}

// seal is a version's text for these recipients.
func (d *document) seal(number int, value []byte, to recipients) (ciphertext, error) {
	plain, err := json.Marshal(envelope{Name: d.Name, Of: d.Of, Number: number, Value: value})
	if err != nil {
		return ciphertext{}, err
	}
	return encrypt(plain, to)
}

// write makes the check and replaces the file. The folder is locked by the caller.
func (d *document) write(path string, to recipients) error {
	digest, err := d.digest()
	if err != nil {
		return err
	}
	if d.Check, err = encrypt(digest, to); err != nil {
		return err
	}
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return replace(path, append(data, '\n'), publicFile)
}

func (d *document) record() Record {
	r := Record{Name: d.Name, Scope: d.Of, Removed: d.Removed}
	for _, v := range d.Versions {
		r.Versions = append(r.Versions, v.Version)
	}
	return r
}
