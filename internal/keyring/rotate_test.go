package keyring

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func open(t *testing.T, path string) *Ring {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	worker, cli := open(t, path), open(t, path)
	oldID, before, err := worker.Seal([]byte("before"), nil)
	if err != nil {
		t.Fatal(err)
	}
	mac := worker.MAC([]byte("purpose"), []byte("text"))
	newID, err := Rotate(path)
	if err != nil || newID == "" || newID == oldID {
		t.Fatalf("%q after %q, %v", newID, oldID, err)
	}
	for name, r := range map[string]*Ring{"a ring that was open": worker, "another": cli, "a new one": open(t, path)} {
		if plain, err := r.Unseal(oldID, before, nil); err != nil || string(plain) != "before" {
			t.Errorf("%s reads the old text as %q, %v", name, plain, err)
		}
		id, sealed, err := r.Seal([]byte("after"), nil)
		if err != nil || id != newID {
			t.Errorf("%s seals with %q (%v), not %q", name, id, err, newID)
		}
		if plain, err := cli.Unseal(id, sealed, nil); err != nil || string(plain) != "after" {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
		if !bytes.Equal(r.MAC([]byte("purpose"), []byte("text")), mac) {
			t.Errorf("%s has another hash of the same text", name)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v: want the ring and its mark alone", entries, err)
	}
}

func TestMACDependsOnPurposeTextAndRing(t *testing.T) {
	r, other := open(t, filepath.Join(t.TempDir(), "keys.json")), open(t, filepath.Join(t.TempDir(), "keys.json"))
	macs := map[string]bool{
		string(r.MAC([]byte("a"), []byte("x"))):     true,
		string(r.MAC([]byte("a"), []byte("y"))):     true,
		string(r.MAC([]byte("b"), []byte("x"))):     true,
		string(other.MAC([]byte("a"), []byte("x"))): true,
	}
	if len(macs) != 4 {
		t.Errorf("%d different hashes, want 4", len(macs))
	}
}

func TestRotateAtOnceLosesNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	r := open(t, path)
	first, text, err := r.Seal([]byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	const rotations = 16
	ids := make([]string, rotations)
	errs := make([]error, rotations)
	var group sync.WaitGroup
	for i := range rotations {
		group.Go(func() { ids[i], errs[i] = Rotate(path) })
		group.Go(func() {
			if id, sealed, err := r.Seal([]byte("y"), nil); err != nil {
				t.Error(err)
			} else if _, err := r.Unseal(id, sealed, nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	keys, err := read(path)
	if err != nil || len(keys) != rotations+1 || keys[rotations].ID != first {
		t.Errorf("%d keys (%v), want %d and the first at the end", len(keys), err, rotations+1)
	}
	have := map[string]bool{}
	for _, k := range keys {
		have[k.ID] = true
	}
	for _, id := range ids {
		if !have[id] {
			t.Errorf("key %s is lost", id)
		}
	}
	if _, err := r.Unseal(first, text, nil); err != nil {
		t.Error(err)
	}
}

func TestRotateNeedsARing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, err := Rotate(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a ring was made: %v", err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Rotate(path); err == nil {
		t.Error("a broken ring was rotated")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "{" {
		t.Errorf("a broken ring was changed: %q, %v", text, err)
	}
}

// What is sealed with keys that only this process still knows could not be read after its end.
func TestSealNeedsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	r := open(t, path)
	id, text, err := r.Seal([]byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Seal([]byte("y"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("sealed without a file: %v", err)
	}
	if plain, err := r.Unseal(id, text, nil); err != nil || string(plain) != "x" {
		t.Errorf("%q, %v", plain, err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Seal([]byte("y"), nil); err != nil {
		t.Error(err)
	}
}
