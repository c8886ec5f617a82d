// Package spool keeps what is on its way to hosts in files of the worker's: each bundle is made and compressed once,
// however many hosts want it, goes out while it is still being made, and is still there when a transfer goes on after a
// restart. It must not know what a bundle holds.
package spool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Kept is how long a bundle stays after its last use, for hosts that ask for it later.
const Kept = time.Hour

// Store is a folder of bundles. It is safe for concurrent use; a folder has one Store at a time.
type Store struct {
	dir string

	mu     sync.Mutex
	making map[string]*growth // by name
}

// New makes a store in a folder, which is made when something is kept.
func New(dir string) *Store { return &Store{dir: dir, making: map[string]*growth{}} }

// Write writes the bytes to compress. Before the first of them it promises what they will be, and it is given an empty
// file to work with. The context lasts as long as the making may take.
type Write func(ctx context.Context, w io.Writer, scratch *os.File, promise func(Promise)) error

// Promise is what is known of a bundle before it is made.
type Promise struct {
	// Plain is the number of bytes to compress.
	Plain int64 `json:"plain"`
	// About is kept with the bundle.
	About string `json:"about,omitempty"`
}

// Get opens the bundle of a key, whose text may be anything that names its content, and begins to make it where it is not
// there and nobody makes it yet. What was begun is made to its end, whether or not somebody waits for it: whoever was cut
// off asks for it again soon.
func (s *Store) Get(ctx context.Context, key string, write Write) (*Bundle, error) {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if g, ok := s.making[name]; ok {
		g.join()
		return &Bundle{Name: name, growth: g}, nil
	}
	g, err := s.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if g, err = s.begin(context.WithoutCancel(ctx), name, write); err == nil {
			g.join()
		}
	}
	if err != nil {
		return nil, err
	}
	return &Bundle{Name: name, growth: g}, nil
}

func (s *Store) dataOf(digest string) string { return filepath.Join(s.dir, digest+".bundle") }
func (s *Store) noteOf(name string) string   { return filepath.Join(s.dir, name+".json") }

// note is what is kept of a bundle beside its file.
type note struct {
	Promise
	Whole
}

// open answers fs.ErrNotExist for what is not there, or not whole.
func (s *Store) open(name string) (*growth, error) {
	text, err := os.ReadFile(s.noteOf(name))
	if err != nil {
		return nil, err
	}
	var kept note
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fs.ErrNotExist // cut short by a crash
	}
	path := s.dataOf(kept.Digest)
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() != kept.Size {
		err = fs.ErrNotExist
	}
	now := time.Now()
	for _, used := range []string{path, s.noteOf(name)} {
		if err == nil {
			err = os.Chtimes(used, now, now)
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return grown(file, kept), nil
}

// begin makes a bundle in the background.
func (s *Store) begin(ctx context.Context, name string, write Write) (*growth, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for bundles: %w", err)
	}
	temp, err := os.CreateTemp(s.dir, "new-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("make a bundle: %w", err)
	}
	g := growing(temp)
	s.making[name] = g
	go func() {
		ctx, cancel := context.WithTimeout(ctx, makeWithin)
		defer cancel()
		whole, err := s.fill(ctx, name, g, write)
		s.mu.Lock()
		delete(s.making, name)
		s.mu.Unlock()
		g.finish(whole, err)
	}()
	return g, nil
}

// makeWithin bounds the making of a bundle.
const makeWithin = 2 * time.Hour

// fill makes a bundle's files. Its note comes last.
func (s *Store) fill(ctx context.Context, name string, g *growth, write Write) (Whole, error) {
	defer os.Remove(g.file.Name()) // gone by then where all went well
	whole, err := s.compress(ctx, g, write)
	if err != nil {
		return whole, fmt.Errorf("make a bundle: %w", err)
	}
	if err := os.Rename(g.file.Name(), s.dataOf(whole.Digest)); err != nil {
		return whole, fmt.Errorf("keep a bundle: %w", err)
	}
	text, err := json.Marshal(note{g.promised(), whole})
	if err != nil {
		return whole, err
	}
	if err := os.WriteFile(s.noteOf(name), text, 0o600); err != nil {
		return whole, fmt.Errorf("keep a bundle: %w", err)
	}
	return whole, nil
}

// Discard forgets a whole bundle whose file turned out to be broken, so that the next Get makes it again.
func (s *Store) Discard(w Whole) error {
	err := os.Remove(s.dataOf(w.Digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Prune removes what nobody has used for longer than Kept, and what a crash left. A bundle that is open stays readable.
func (s *Store) Prune() error {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && time.Since(info.ModTime()) > Kept {
			err = os.Remove(filepath.Join(s.dir, e.Name()))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
