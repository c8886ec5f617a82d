package store

import (
	"fmt"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// NotFoundError says that a secret, or one version of it, is in none of the places where it was looked for.
type NotFoundError struct {
	Name string
	// Version is the one that was asked for; 0 for the current one.
	Version int
	// Where are the places: scopes such as "acme/shop", "the variable TOKEN", "the file /etc/token".
	Where []string
}

func (e *NotFoundError) Error() string {
	where := strings.Join(e.Where, ", nor in ")
	if e.Version != 0 {
		return fmt.Sprintf("version %d of the secret %s is not in %s", e.Version, e.Name, where)
	}
	return fmt.Sprintf("the secret %s is not in %s", e.Name, where)
}

// NoIdentityError says that none of this machine's identities opens a file of the store.
type NoIdentityError struct {
	File       string
	Recipients int    // how many it is encrypted to
	Recipient  string // this machine's public key; empty where it has none
	Identities string // the path of this machine's identities
}

func (e *NoIdentityError) Error() string {
	if e.Recipient == "" {
		return fmt.Sprintf("%s is encrypted to others (recipients: %d), and this machine has no identity in %s: bring yours there, or make one "+
			"with `longshore key show`, and ask somebody who can read the secrets to run `longshore key recipient add` with its public key",
			e.File, e.Recipients, e.Identities)
	}
	return fmt.Sprintf("%s is encrypted to others (recipients: %d), and none is this machine (%s): bring back the identities that it had in %s, or ask "+
		"somebody who can read the secrets to run `longshore key recipient add %s`", e.File, e.Recipients, e.Recipient, e.Identities, e.Recipient)
}

// TamperedError says that a file of the store is not as this package wrote it: changed by another hand, moved, cut off, or
// merged from two branches.
type TamperedError struct {
	File string
	What string
}

func (e *TamperedError) Error() string {
	return fmt.Sprintf("%s is not as it was written: %s; bring back the file whole, from the repository's history or a backup", e.File, e.What)
}

// StateError says that a version's state does not allow what was asked for.
type StateError struct {
	Name    string
	Version int
	State   app.VersionState
	Refused string // "be used again"
}

func (e *StateError) Error() string {
	return fmt.Sprintf("version %d of the secret %s is %s and cannot %s", e.Version, e.Name, e.State, e.Refused)
}

// KeysError says that this machine's identities cannot be used. It never holds what the file has in it.
type KeysError struct {
	Path string
	What string // what is wrong, and what to do
	// Missing says that there is no file.
	Missing bool
}

func (e *KeysError) Error() string { return fmt.Sprintf("the identities in %s: %s", e.Path, e.What) }

// RecipientsError says that a list of recipients cannot be used or changed.
type RecipientsError struct {
	Path string
	What string
}

func (e *RecipientsError) Error() string {
	return fmt.Sprintf("the recipients in %s: %s", e.Path, e.What)
}
