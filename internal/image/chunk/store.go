package chunk

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// Kept is how long an index stays in a store after its last use.
	Kept = 30 * 24 * time.Hour
	// keptBytes is what a store takes of the disk at most, after Prune.
	keptBytes = 512 << 20
	// NewPrefix begins the names of files that are being written.
	NewPrefix = "new-"
)

// Store is a folder of indexes, each in a file that Name names. It is safe for concurrent use, by several processes too.
type Store struct{ dir string }

// NewStore makes a store in a folder, which is made when something is kept.
func NewStore(dir string) *Store { return &Store{dir: dir} }

// Name is the file of a layer's index in a store.
func Name(layer string) string { return strings.TrimPrefix(layer, "sha256:") }

// Made tells whether a file's name is one that a store gives: an index's, or one of a file that is being written.
func Made(name string) bool {
	_, err := digestOf("sha256:" + name)
	return err == nil || strings.HasPrefix(name, NewPrefix)
}

// Get reads the index of a layer ("sha256:…"). It is fs.ErrNotExist where there is none, or a damaged one, which is
// removed.
func (s *Store) Get(layer string) (*Index, error) {
	if _, err := digestOf(layer); err != nil {
		return nil, err
	}
	path := filepath.Join(s.dir, Name(layer))
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	index, err := Decode(data, layer)
	if errors.Is(err, ErrMalformed) {
		return nil, errors.Join(fs.ErrNotExist, err, s.Drop(layer))
	}
	now := time.Now()
	return index, errors.Join(err, os.Chtimes(path, now, now))
}

// Put keeps an index. After a crash it is there whole or not at all.
func (s *Store) Put(layer string, index *Index) error {
	data, err := index.Encode(layer)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("keep a chunk index: %w", err)
	}
	temp, err := os.CreateTemp(s.dir, NewPrefix)
	if err != nil {
		return fmt.Errorf("keep a chunk index: %w", err)
	}
	defer os.Remove(temp.Name()) // gone by then where all went well
	_, err = temp.Write(data)
	// On a host, the file is root's, and the login reads it.
	if err = errors.Join(err, temp.Chmod(0o644), temp.Close()); err != nil {
		return fmt.Errorf("keep a chunk index: %w", err)
	}
	if err := os.Rename(temp.Name(), filepath.Join(s.dir, Name(layer))); err != nil {
		return fmt.Errorf("keep a chunk index: %w", err)
	}
	return nil
}

// Least is the size of the smallest layer that a store keeps the index of, in bytes.
const Least = 256 << 10

// Watch makes the index of a layer that is on its way, and keeps it once done is told that the layer was whole. w is nil
// where that is not worth while. It is a help for later transfers, so that nothing fails with it.
func (s *Store) Watch(layer string, size int64) (w io.Writer, done func(whole bool)) {
	if _, err := os.Stat(filepath.Join(s.dir, Name(layer))); size < Least || err == nil {
		return nil, func(bool) {}
	}
	writer := NewWriter(size)
	return writer, func(whole bool) {
		if index, err := writer.Close(); whole && err == nil {
			_ = s.Put(layer, index)
		}
	}
}

// Drop forgets an index. One that is not there is no error.
func (s *Store) Drop(layer string) error {
	if _, err := digestOf(layer); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(s.dir, Name(layer))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("drop a chunk index: %w", err)
	}
	return nil
}

// Prune removes what nobody has used for longer than Kept, the oldest where there is too much, and what a crash left.
func (s *Store) Prune() error {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("prune chunk indexes: %w", err)
	}
	var files []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // by somebody else meanwhile
		}
		if err != nil {
			return fmt.Errorf("prune chunk indexes: %w", err)
		}
		files = append(files, info)
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	var errs []error
	left := int64(keptBytes)
	for _, f := range files {
		left -= f.Size()
		if left >= 0 && time.Since(f.ModTime()) < Kept {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
