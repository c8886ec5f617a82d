package store

import "errors"

// Recipient is who can read.
type Recipient struct {
	Key  string // an age public key
	Note string // whose it is; one line
}

// Readers are all who can read the secrets of some folders: one list of recipients, and every folder that is encrypted to
// it.
type Readers struct {
	// Path is the list: a public key a line, with its note as a comment in the line above.
	Path    string
	Folders []Folder
	Keys    Keys
}

// List are the recipients, in the order of the file; none where there is no file.
func (r Readers) List() ([]Recipient, error) { return nil, errors.ErrUnsupported }

// Change adds and removes recipients and encrypts all secrets to the new list; it answers how many files it wrote. Before
// anything changes it makes sure that this machine can open every file and will be able to afterwards. Adding one that is
// there only sets its note, if one is given. If it is cut off, a repeat or Reencrypt does the rest. Who was removed has
// seen the values: rotate them.
func (r Readers) Change(add []Recipient, remove []string) (written int, err error) {
	return 0, errors.ErrUnsupported
}

// Reencrypt encrypts what is not encrypted to the list of this moment; it answers how many files it wrote. It may be cut
// off and repeated.
func (r Readers) Reencrypt() (written int, err error) { return 0, errors.ErrUnsupported }
