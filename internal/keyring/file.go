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

// ensure makes the ring's file where there is none. The whole file is written beside it and then linked into place:
// link fails where the name exists, so of several processes one wins and nobody ever reads half a file.
func ensure(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return wrap(err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return wrap(err)
	}
	data, err := newFile()
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".keys-*") // mode 0600
	if err != nil {
		return wrap(err)
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return wrap(err)
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return wrap(err)
	}
	return syncDir(dir)
}

func newFile() ([]byte, error) {
	k := key{Key: make([]byte, KeySize)}
	id := make([]byte, 6)
	if _, err := rand.Read(k.Key); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	if _, err := rand.Read(id); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	k.ID = hex.EncodeToString(id)
	data, err := json.MarshalIndent(file{Keys: []key{k}}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return append(data, '\n'), nil
}

// syncDir makes the new name last through a crash of the machine: without it, payloads could outlive their key.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return wrap(err)
	}
	return wrap(errors.Join(d.Sync(), d.Close()))
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("make the key ring: %w", err)
}
