package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func content() []byte { return bytes.Repeat([]byte("all that is in a layer\n"), 200_000) }

func writing(data []byte, calls *atomic.Int32) Write {
	return func(w io.Writer, scratch *os.File) (string, error) {
		calls.Add(1)
		if _, err := scratch.Write(data); err != nil {
			return "", err
		}
		_, err := w.Write(data)
		return "all of it", err
	}
}

func get(t *testing.T, s *Store, key string, write Write) *Bundle {
	t.Helper()
	b, err := s.Get(t.Context(), key, write)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestABundleIsMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s := New(dir)
	var calls atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			b, err := s.Get(t.Context(), "key", writing(content(), &calls))
			if err != nil {
				t.Error(err)
				return
			}
			defer b.Close()
			if plain := unpack(t, b); !bytes.Equal(plain, content()) || b.Plain != int64(len(plain)) {
				t.Errorf("it unpacks to %d bytes, and says %d", len(plain), b.Plain)
			}
		})
	}
	all.Wait()
	if calls.Load() != 1 {
		t.Errorf("it was made %d times", calls.Load())
	}
	first := get(t, s, "key", writing(nil, &calls))
	if again := get(t, New(dir), "key", writing(nil, &calls)); again.Digest != first.Digest || again.About != "all of it" || calls.Load() != 1 {
		t.Errorf("after a restart: %+v", again)
	}
	// Made anew elsewhere, it is the same bytes: an upload goes on.
	if other := get(t, New(t.TempDir()), "another key", writing(content(), &calls)); other.Digest != first.Digest || other.Size != first.Size {
		t.Errorf("%+v and %+v", other, first)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}

func unpack(t *testing.T, b *Bundle) []byte {
	t.Helper()
	decoder, err := zstd.NewReader(io.MultiReader(io.LimitReader(b.Read(0), 10), b.Read(10)))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	plain, err := io.ReadAll(decoder)
	if err != nil {
		t.Error(err)
	}
	return plain
}

func TestWhatIsBrokenIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	var calls atomic.Int32
	write := writing(content(), &calls)
	b := get(t, s, "key", write)
	data := s.dataOf(b.Digest)
	notes, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(notes) != 1 {
		t.Fatalf("%q, %v", notes, err)
	}
	for name, spoil := range map[string]func() error{
		"file is gone":  func() error { return os.Remove(data) },
		"file is short": func() error { return os.Truncate(data, b.Size-1) },
		"note is gone":  func() error { return os.Remove(notes[0]) },
		"note is short": func() error { return os.Truncate(notes[0], 5) },
		"discarded":     func() error { return s.Discard(b) },
	} {
		before := calls.Load()
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if again := get(t, s, "key", write); again.Digest != b.Digest || calls.Load() != before+1 {
			t.Errorf("%s: %+v after %d calls", name, again, calls.Load()-before)
		}
	}
}

func TestAFailureLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	failure := errors.New("the engine is gone")
	_, err := s.Get(t.Context(), "key", func(w io.Writer, _ *os.File) (string, error) {
		fmt.Fprint(w, "half of it")
		return "", failure
	})
	if entries, _ := os.ReadDir(dir); !errors.Is(err, failure) || len(entries) != 0 {
		t.Errorf("%v, %d files are left", err, len(entries))
	}
	// Whoever waited for it makes it.
	began, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := s.Get(context.Background(), "key", func(io.Writer, *os.File) (string, error) {
			close(began)
			<-goOn
			return "", failure
		})
		done <- err
	}()
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var calls atomic.Int32
	if _, err := s.Get(ctx, "key", writing(nil, &calls)); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait ends with %v", err)
	}
	close(goOn)
	get(t, s, "key", writing(content(), &calls))
	if err := <-done; !errors.Is(err, failure) || calls.Load() != 1 {
		t.Errorf("%v, and %d calls", err, calls.Load())
	}
}

func TestPrune(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	if err := New(filepath.Join(dir, "none")).Prune(); err != nil {
		t.Error(err)
	}
	var calls atomic.Int32
	old := get(t, s, "old", writing([]byte("old"), &calls))
	left := filepath.Join(dir, "new-1.tmp")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-Kept - time.Minute)
	for _, e := range entries {
		if err := os.Chtimes(filepath.Join(dir, e.Name()), before, before); err != nil {
			t.Fatal(err)
		}
	}
	young := get(t, s, "young", writing([]byte("young"), &calls))
	if err := s.Prune(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
	if _, err := os.Stat(s.dataOf(young.Digest)); err != nil {
		t.Error(err)
	}
	if plain := unpack(t, old); string(plain) != "old" {
		t.Errorf("what is open reads as %q", plain)
	}
}
