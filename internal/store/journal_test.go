package store

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestJournal(t *testing.T) {
	j := Journal{Path: filepath.Join(t.TempDir(), "state", "readings.jsonl")}
	if got, err := j.Of("acme", "X"); err != nil || len(got) != 0 {
		t.Errorf("%v %v", got, err)
	}
	reading := func(by string) Reading {
		return Reading{At: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), By: by, Why: "a\nreason", Scope: "acme", Name: "X", Version: 2}
	}
	if err := j.Add(reading("ann")); err != nil {
		t.Fatal(err)
	}
	if err := j.Add(Reading{Scope: "acme", Name: "Y"}); err != nil {
		t.Fatal(err)
	}
	// A writer that died within its line takes no other with it.
	whole := text(t, j.Path)
	put(t, j.Path, []byte(whole+`{"at":"2030-`))
	if err := j.Add(reading("bob")); err != nil {
		t.Fatal(err)
	}
	got, err := j.Of("acme", "X")
	if err != nil || len(got) != 2 || got[0] != reading("ann") || got[1] != reading("bob") {
		t.Errorf("%v %v", got, err)
	}
	info, err := os.Stat(j.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := j.Add(Reading{By: strconv.Itoa(i), Scope: "acme", Name: "Z"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, err := j.Of("acme", "Z"); err != nil || len(got) != 8 {
		t.Errorf("%v %v", got, err)
	}
}
