package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func content() []byte { return bytes.Repeat([]byte("all that is in a layer\n"), 200_000) }

func writing(data []byte, calls *atomic.Int32) Write {
	return func(_ context.Context, w io.Writer, scratch *os.File, promise func(Promise)) error {
		calls.Add(1)
		if _, err := scratch.Write(data); err != nil {
			return err
		}
		promise(Promise{int64(len(data)), "all of it"})
		_, err := w.Write(data)
		return err
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
			promise, err := b.Promise(t.Context())
			if plain := unpack(t, b); err != nil || !bytes.Equal(plain, content()) || promise.Plain != int64(len(plain)) {
				t.Errorf("it unpacks to %d bytes, and says %d, %v", len(plain), promise.Plain, err)
			}
		})
	}
	all.Wait()
	if calls.Load() != 1 {
		t.Errorf("it was made %d times", calls.Load())
	}
	first := get(t, s, "key", writing(nil, &calls))
	again := get(t, New(dir), "key", writing(nil, &calls))
	if promise, err := again.Promise(t.Context()); err != nil || promise.About != "all of it" || again.Name != first.Name || whole(t, again) != whole(t, first) || calls.Load() != 1 {
		t.Errorf("after a restart: %+v, %v", promise, err)
	}
	// Made anew elsewhere, it is the same bytes: an upload goes on.
	other := get(t, New(t.TempDir()), "another key", writing(content(), &calls))
	if whole(t, other) != whole(t, first) || other.Name == first.Name {
		t.Errorf("%+v and %+v", whole(t, other), whole(t, first))
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}

func whole(t *testing.T, b *Bundle) Whole {
	t.Helper()
	w, err := b.Whole(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if expected := b.Expected(); expected != w.Size {
		t.Errorf("%d bytes are expected of %d", expected, w.Size)
	}
	return w
}

func unpack(t *testing.T, b *Bundle) []byte {
	t.Helper()
	decoder, err := zstd.NewReader(io.MultiReader(b.Read(0, 10), b.Read(10, whole(t, b).Size)))
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
	made := whole(t, b)
	data := s.dataOf(made.Digest)
	notes, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(notes) != 1 {
		t.Fatalf("%q, %v", notes, err)
	}
	for name, spoil := range map[string]func() error{
		"file is gone":  func() error { return os.Remove(data) },
		"file is short": func() error { return os.Truncate(data, made.Size-1) },
		"note is gone":  func() error { return os.Remove(notes[0]) },
		"note is short": func() error { return os.Truncate(notes[0], 5) },
		"discarded":     func() error { return s.Discard(made) },
	} {
		before := calls.Load()
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if again := whole(t, get(t, s, "key", write)); again != made || calls.Load() != before+1 {
			t.Errorf("%s: %+v after %d calls", name, again, calls.Load()-before)
		}
	}
}

func TestAFailureLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	failure := errors.New("the engine is gone")
	for name, write := range map[string]Write{
		"it fails": func(_ context.Context, w io.Writer, _ *os.File, promise func(Promise)) error {
			promise(Promise{Plain: 100})
			fmt.Fprint(w, "half of it")
			return failure
		},
		"it fails at once": func(context.Context, io.Writer, *os.File, func(Promise)) error { return failure },
		"it breaks its promise": func(_ context.Context, w io.Writer, _ *os.File, promise func(Promise)) error {
			promise(Promise{Plain: 3})
			_, err := io.WriteString(w, "long")
			return err
		},
	} {
		b := get(t, s, "key", write)
		_, err := b.Whole(t.Context())
		if _, _, reached := b.Reach(t.Context(), 1<<20); err == nil || !errors.Is(reached, err) {
			t.Errorf("%s: %v, %v", name, err, reached)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%s: %d files are left", name, len(entries))
		}
	}
	var calls atomic.Int32
	if whole(t, get(t, s, "key", writing(content(), &calls))); calls.Load() != 1 {
		t.Errorf("after the failures it was made %d times", calls.Load())
	}
}

// Whoever sends a bundle need not wait for its end; and who gave it up finds it made.
func TestABundleIsReadWhileItGrows(t *testing.T) {
	s := New(t.TempDir())
	goOn := make(chan struct{})
	half := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(half) // never fails
	b := get(t, s, "key", func(ctx context.Context, w io.Writer, _ *os.File, promise func(Promise)) error {
		promise(Promise{Plain: 2 << 20})
		for range 2 {
			for piece := range slices.Chunk(half, 32<<10) {
				if _, err := w.Write(piece); err != nil {
					return err
				}
			}
			<-goOn
		}
		return ctx.Err()
	})
	size, ended, err := b.Reach(t.Context(), 256<<10)
	if err != nil || ended || size < 256<<10 {
		t.Fatalf("%d bytes, whole %t, %v", size, ended, err)
	}
	if expected := b.Expected(); expected < 1<<20 || expected > 3<<20 {
		t.Errorf("%d bytes are expected", expected)
	}
	first := make([]byte, size)
	if _, err := io.ReadFull(b.Read(0, size), first); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Whole(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait ends with %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	close(goOn)
	var calls atomic.Int32
	again := get(t, s, "key", writing(nil, &calls))
	made := whole(t, again)
	all, err := io.ReadAll(again.Read(0, made.Size))
	if err != nil || !bytes.HasPrefix(all, first) || calls.Load() != 0 {
		t.Errorf("%v, made %d times more", err, calls.Load())
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
	whole(t, old)
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
	whole(t, young)
	if err := s.Prune(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
	if _, err := os.Stat(s.dataOf(whole(t, young).Digest)); err != nil {
		t.Error(err)
	}
	if plain := unpack(t, old); string(plain) != "old" {
		t.Errorf("what is open reads as %q", plain)
	}
}
