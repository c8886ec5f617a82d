package keyring

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A new ring in the place of a lost one would leave open runs, and secrets of releases, to be read by nobody, and would be
// found out only in the middle of a run.
func TestALostRingIsNotMadeAnew(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, path string){
		"made here":    func(t *testing.T, path string) { open(t, path) },
		"brought here": func(t *testing.T, path string) { write(t, path, "a", 1); open(t, path) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys.json")
			before(t, path)
			if err := os.Rename(path, path+".away"); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			if lost, ok := errors.AsType[*LostError](err); !ok || lost.Path != path {
				t.Fatalf("got %v", err)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || Lost(path) == nil {
				t.Errorf("a ring was made: %v", err)
			}
			if err := os.Rename(path+".away", path); err != nil {
				t.Fatal(err)
			}
			if err := Lost(path); err != nil {
				t.Error(err)
			}
			roundTrip(t, open(t, path), open(t, path))
			if err := errors.Join(os.Remove(path), os.Remove(path+MadeSuffix)); err != nil {
				t.Fatal(err)
			}
			if err := Lost(path); err != nil {
				t.Error(err)
			}
			open(t, path)
		})
	}
}
