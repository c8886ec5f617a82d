package keyring

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// file is the ring on disk.
type file struct {
	Keys []key `json:"keys"`
}

// key is one key; JSON has its bytes in base64.
type key struct {
	ID  string `json:"id"`
	Key []byte `json:"key"`
}

func read(path string) ([]key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key ring: %w", err)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		// The decoder's own message may quote what it read, which may be a key.
		return nil, fmt.Errorf("key ring %s is not valid JSON of the form {\"keys\":[{\"id\":…,\"key\":…}]}; restore it from a backup", path)
	}
	if len(f.Keys) == 0 {
		return nil, fmt.Errorf("key ring %s has no key; restore it from a backup", path)
	}
	seen := make(map[string]bool, len(f.Keys))
	for i, k := range f.Keys {
		switch {
		case k.ID == "":
			return nil, fmt.Errorf("key ring %s: key %d has no id", path, i+1)
		case seen[k.ID]:
			return nil, fmt.Errorf("key ring %s: two keys have the id %q", path, k.ID)
		case len(k.Key) != KeySize:
			return nil, fmt.Errorf("key ring %s: key %q has %d bytes, want %d", path, k.ID, len(k.Key), KeySize)
		}
		seen[k.ID] = true
	}
	return f.Keys, nil
}

// MadeSuffix makes the name of a ring's mark of its name. The mark says that a ring was made or used there, so that none
// is made in the place of one that is lost.
const MadeSuffix = ".made"

const madeText = "A key ring was used here. While this file is here, no new one is made in the place of a lost one.\n"

// LostError says that a ring was used and is gone.
type LostError struct {
	Path string // of the ring's file
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the key ring %s is gone: restore it from a backup, or copy it from another machine that has it. What it has encrypted "+
		"cannot be read without it; to give that up and begin with a new key ring, remove %s", e.Path, e.Path+MadeSuffix)
}

// Lost answers a *LostError where a ring was used at path and is gone; nil where it is there, or never was.
func Lost(path string) error {
	if _, err := os.Stat(path + MadeSuffix); err != nil {
		return nil // without a mark nothing is known of a ring
	}
	// The mark comes after the ring: one that another process has just made is there by now.
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return &LostError{Path: path}
	}
	return nil
}

// ensure makes the ring's file where there is none, unless one is lost. The whole file is written beside it and then linked
// into place: link fails where the name exists, so of several processes one wins and nobody ever reads half a file.
func ensure(path string) error {
	if _, err := os.Stat(path); err == nil {
		mark(path)
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return wrap("make", err)
	}
	if err := Lost(path); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return wrap("make", err)
	}
	first, err := newKey()
	if err != nil {
		return err
	}
	err = put(path, []key{first}, func(temp string) error {
		if err := os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
	if err == nil {
		mark(path)
	}
	return wrap("make", err)
}

// mark leaves the ring's mark. A folder that cannot be written, such as one that a container has to read alone, goes
// without: nobody can make a ring there either.
func mark(path string) {
	if _, err := os.Stat(path + MadeSuffix); errors.Is(err, fs.ErrNotExist) {
		_ = os.WriteFile(path+MadeSuffix, []byte(madeText), 0o600)
	}
}

// Rotate puts a new key in front of the others in the ring at path, and answers its id. What was encrypted before stays
// readable, and every open Ring of the file seals with the new key from its next Seal on. Of several callers at once each
// adds a key. A ring that is not there is an error.
func Rotate(path string) (newID string, err error) {
	unlock, err := lock(filepath.Dir(path))
	if err != nil {
		return "", wrap("change", err)
	}
	defer unlock()
	keys, err := read(path)
	if err != nil {
		return "", err
	}
	next, err := newKey()
	if err != nil {
		return "", err
	}
	err = put(path, append([]key{next}, keys...), func(temp string) error { return os.Rename(temp, path) })
	if err != nil {
		return "", wrap("change", err)
	}
	return next.ID, nil
}

// lock keeps other processes from changing the ring in a folder until unlock is called. The lock is on the folder itself,
// which, unlike the ring's file, is never replaced.
func lock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), d.Close())
	}
	return func() { _ = d.Close() }, nil // which lets go of the lock
}

func newKey() (key, error) {
	k := key{Key: make([]byte, KeySize)}
	id := make([]byte, 6)
	if _, err := rand.Read(k.Key); err != nil {
		return key{}, fmt.Errorf("make a key: %w", err)
	}
	if _, err := rand.Read(id); err != nil {
		return key{}, fmt.Errorf("make a key: %w", err)
	}
	k.ID = hex.EncodeToString(id)
	return k, nil
}

// put writes the whole ring beside its path and has place give it its name.
func put(path string, keys []key, place func(temp string) error) error {
	data, err := json.MarshalIndent(file{Keys: keys}, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".keys-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(append(data, '\n'))
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := place(temp.Name()); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the new name last through a crash of the machine: without it, payloads could outlive their key.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func wrap(deed string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s the key ring: %w", deed, err)
}
