// Package spool keeps what is on its way to hosts in files of the worker's: each bundle is made and compressed once,
// however many hosts want it, and is still there when a transfer goes on after a restart. It must not know what a bundle
// holds.
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

	"github.com/klauspost/compress/zstd"
)

// Kept is how long a bundle stays after its last use, for hosts that ask for it later.
const Kept = time.Hour

// Store is a folder of bundles. It is safe for concurrent use; a folder has one Store at a time.
type Store struct {
	dir string

	mu     sync.Mutex
	making map[string]chan struct{} // by key, closed at the end
}

// New makes a store in a folder, which is made when something is kept.
func New(dir string) *Store { return &Store{dir: dir, making: map[string]chan struct{}{}} }

// Bundle is a compressed file. Close it.
type Bundle struct {
	// Digest is the SHA-256 of the compressed bytes, in hexadecimal.
	Digest string `json:"digest"`
	// Size is the number of compressed bytes, Plain that of the bytes within.
	Size  int64 `json:"size"`
	Plain int64 `json:"plain"`
	// About is what its maker said of it.
	About string `json:"about,omitempty"`

	file *os.File
}

// Read returns the compressed bytes from offset on. Several readers may read at once.
func (b *Bundle) Read(offset int64) io.Reader {
	return io.NewSectionReader(b.file, offset, b.Size-offset)
}

// Close frees the file, not the disk.
func (b *Bundle) Close() error { return b.file.Close() }

// Write writes the bytes to compress, and answers what to keep as the bundle's About. It is given an empty file to work
// with.
type Write func(w io.Writer, scratch *os.File) (about string, err error)

// Get opens the bundle of a key, whose text may be anything that names its content, and has it made where it is not
// there. Callers that want the same bundle wait for the one who makes it.
func (s *Store) Get(ctx context.Context, key string, write Write) (*Bundle, error) {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	leave, err := s.enter(ctx, name)
	if err != nil {
		return nil, err
	}
	defer leave()
	b, err := s.open(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	if err := s.fill(name, write); err != nil {
		return nil, err
	}
	return s.open(name)
}

// enter waits until nobody else makes the bundle.
func (s *Store) enter(ctx context.Context, name string) (leave func(), err error) {
	for {
		s.mu.Lock()
		busy, ok := s.making[name]
		if !ok {
			mine := make(chan struct{})
			s.making[name] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.making, name)
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (s *Store) dataOf(digest string) string { return filepath.Join(s.dir, digest+".bundle") }
func (s *Store) noteOf(name string) string   { return filepath.Join(s.dir, name+".json") }

// open answers fs.ErrNotExist for what is not there, or not whole.
func (s *Store) open(name string) (*Bundle, error) {
	text, err := os.ReadFile(s.noteOf(name))
	if err != nil {
		return nil, err
	}
	b := &Bundle{}
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fs.ErrNotExist // cut short by a crash
	}
	path := s.dataOf(b.Digest)
	if b.file, err = os.Open(path); err != nil {
		return nil, err
	}
	info, err := b.file.Stat()
	if err == nil && info.Size() != b.Size {
		err = fs.ErrNotExist
	}
	now := time.Now()
	for _, used := range []string{path, s.noteOf(name)} {
		if err == nil {
			err = os.Chtimes(used, now, now)
		}
	}
	if err != nil {
		return nil, errors.Join(err, b.file.Close())
	}
	return b, nil
}

// fill makes a bundle's files. Its note comes last.
func (s *Store) fill(name string, write Write) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for bundles: %w", err)
	}
	temp, err := os.CreateTemp(s.dir, "new-*.tmp")
	if err != nil {
		return fmt.Errorf("make a bundle: %w", err)
	}
	defer os.Remove(temp.Name()) // gone by then where all went well
	b, err := s.compress(temp, write)
	if err = errors.Join(err, temp.Close()); err != nil {
		return fmt.Errorf("make a bundle: %w", err)
	}
	if err := os.Rename(temp.Name(), s.dataOf(b.Digest)); err != nil {
		return fmt.Errorf("keep a bundle: %w", err)
	}
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.noteOf(name), text, 0o600); err != nil {
		return fmt.Errorf("keep a bundle: %w", err)
	}
	return nil
}

func (s *Store) compress(to io.Writer, write Write) (*Bundle, error) {
	scratch, err := os.CreateTemp(s.dir, "scratch-*.tmp")
	if err != nil {
		return nil, err
	}
	defer scratch.Close()
	// It takes its disk with it when it is closed, even by a crash.
	if err := os.Remove(scratch.Name()); err != nil {
		return nil, err
	}
	sum := sha256.New()
	packed := &counter{w: io.MultiWriter(to, sum)}
	// One goroutine: a bundle has to be the same bytes at each making, for an upload to go on with.
	encoder, err := zstd.NewWriter(packed, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	plain := &counter{w: encoder}
	about, err := write(plain, scratch)
	if err := errors.Join(err, encoder.Close()); err != nil {
		return nil, err
	}
	return &Bundle{Digest: hex.EncodeToString(sum.Sum(nil)), Size: packed.n, Plain: plain.n, About: about}, nil
}

// Discard forgets a bundle whose file turned out to be broken, so that the next Get makes it again.
func (s *Store) Discard(b *Bundle) error {
	err := os.Remove(s.dataOf(b.Digest))
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

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
