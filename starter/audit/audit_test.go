package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func entries(t *testing.T, l Log) ([]Entry, int) {
	t.Helper()
	var out []Entry
	broken, err := l.Read(func(e Entry) { out = append(out, e) })
	if err != nil {
		t.Fatal(err)
	}
	return out, broken
}

func TestEntriesComeBackInOrder(t *testing.T) {
	log := In(filepath.Join(t.TempDir(), "state"))
	if got, _ := entries(t, log); len(got) != 0 {
		t.Errorf("a log that does not exist has %v", got)
	}
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	want := []Entry{
		{At: at, By: "ann@desk", Did: DidSet, Name: "A", Scope: "project", Of: "default/shop", Version: 1},
		{At: at.Add(time.Second), By: "ann@desk", Did: DidRead, Why: "to look", Name: "A", Scope: "project", Of: "default/shop", Version: 1},
	}
	for _, e := range want {
		if err := log.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := entries(t, log); !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got))
	}
	info, err := os.Stat(log.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: only its owner may read it", info.Mode(), err)
	}
}

func TestATornLineCostsOnlyItself(t *testing.T) {
	log := In(t.TempDir())
	if err := log.Add(Entry{Name: "A"}); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(log.Path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"name":"B`); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if err := log.Add(Entry{Name: "C"}); err != nil {
		t.Fatal(err)
	}
	got, broken := entries(t, log)
	if len(got) != 2 || got[1].Name != "C" || broken != 1 {
		t.Errorf("got %v and %d broken lines, want A and C and one", got, broken)
	}
}

func TestManyWriteAtOnce(t *testing.T) {
	log := In(t.TempDir())
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if err := log.Add(Entry{Name: fmt.Sprint(i)}, Entry{Name: fmt.Sprint(i, " again")}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, broken := entries(t, log)
	if len(got) != 80 || broken != 0 {
		t.Errorf("%d entries and %d broken lines, want 80 and none", len(got), broken)
	}
}
