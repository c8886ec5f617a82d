package store

import (
	"errors"

	"filippo.io/age"
)

// Keys are the age identities of this machine, in a file of its own, newest first, that only its owner can read. A method
// reads the file anew, so that Keys may be copied and used concurrently. Errors are *KeysError or of the file system.
type Keys struct {
	Path string
}

// Ensure makes the file with a first identity where there is none, and answers the newest one's public key. Any number of
// processes may call it at once: all get the same one.
func (k Keys) Ensure() (recipient string, err error) { return "", errors.ErrUnsupported }

// Identities are all of them, newest first.
func (k Keys) Identities() ([]age.Identity, error) { return nil, errors.ErrUnsupported }

// Recipients are their public keys, in the same order.
func (k Keys) Recipients() ([]string, error) { return nil, errors.ErrUnsupported }

// Rotate puts a new identity in front and answers its public key. The others stay: what was encrypted to them can be read
// until it is encrypted anew (Readers.Change).
func (k Keys) Rotate() (recipient string, err error) { return "", errors.ErrUnsupported }
