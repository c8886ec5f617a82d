package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
)

// Keys are the age identities of this machine, in a file of its own, newest first, that only its owner can read. A method
// reads the file anew, so that Keys may be copied and used concurrently. Errors are *KeysError or of the file system.
type Keys struct {
	Path string
}

// Ensure makes the file with a first identity where there is none, and answers the newest one's public key. Any number of
// processes may call it at once: all get the same one.
func (k Keys) Ensure() (recipient string, err error) {
	if recipient, err = k.newest(); !missing(err) {
		return recipient, err
	}
	unlock, err := lock(filepath.Dir(k.Path), privateFolder)
	if err != nil {
		return "", fmt.Errorf("make the identities: %w", err)
	}
	defer unlock()
	if recipient, err = k.newest(); !missing(err) {
		return recipient, err
	}
	return k.prepend(nil)
}

// Identities are all of them, newest first.
func (k Keys) Identities() ([]age.Identity, error) {
	_, identities, err := k.read()
	return identities, err
}

// Recipients are their public keys, in the same order.
func (k Keys) Recipients() ([]string, error) {
	_, identities, err := k.read()
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(identities))
	for i, identity := range identities {
		if keys[i], err = publicKey(identity); err != nil {
			return nil, &KeysError{Path: k.Path, What: err.Error()}
		}
	}
	return keys, nil
}

// Rotate puts a new identity in front and answers its public key. The others stay: what was encrypted to them can be read
// until it is encrypted anew (Readers.Change).
func (k Keys) Rotate() (recipient string, err error) {
	unlock, err := lock(filepath.Dir(k.Path), privateFolder)
	if err != nil {
		return "", fmt.Errorf("rotate the identities: %w", err)
	}
	defer unlock()
	old, _, err := k.read()
	if err != nil {
		return "", err
	}
	return k.prepend(old)
}

func (k Keys) newest() (string, error) {
	all, err := k.Recipients()
	if err != nil {
		return "", err
	}
	return all[0], nil
}

func (k Keys) read() ([]byte, []age.Identity, error) {
	info, err := os.Stat(k.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, &KeysError{Path: k.Path, Missing: true, What: "there is no such file: bring back the one that this machine had, from a backup"}
	case err != nil:
		return nil, nil, fmt.Errorf("read the identities: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, nil, &KeysError{Path: k.Path, What: fmt.Sprintf("others on this machine can use the file (its mode is %04o): run `chmod 600 %s`, "+
			"and `longshore key rotate` if they may have", info.Mode().Perm(), k.Path)}
	}
	data, err := os.ReadFile(k.Path)
	if err != nil {
		return nil, nil, fmt.Errorf("read the identities: %w", err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(data))
	if err != nil {
		// age's own message may quote what it read.
		return nil, nil, &KeysError{Path: k.Path, What: "the file is not a list of age identities, one AGE-SECRET-KEY-1… a line: bring it back from a backup"}
	}
	return data, identities, nil
}

// prepend writes a new identity before the old text. The folder is locked by the caller.
func (k Keys) prepend(old []byte) (string, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("make an identity: %w", err)
	}
	recipient := identity.Recipient().String()
	text := fmt.Sprintf("# created: %s\n# public key: %s\n%s\n", time.Now().UTC().Format(time.RFC3339), recipient, identity)
	if err := replace(k.Path, append([]byte(text), old...), privateFile); err != nil {
		return "", fmt.Errorf("write the identities: %w", err)
	}
	return recipient, nil
}

func publicKey(identity age.Identity) (string, error) {
	switch identity := identity.(type) {
	case *age.X25519Identity:
		return identity.Recipient().String(), nil
	case *age.HybridIdentity:
		return identity.Recipient().String(), nil
	}
	return "", fmt.Errorf("the file has an identity of a kind that has no public key (%s)", strings.TrimPrefix(fmt.Sprintf("%T", identity), "*"))
}

// missing says that there is no file of identities.
func missing(err error) bool {
	var keys *KeysError
	return errors.As(err, &keys) && keys.Missing
}
