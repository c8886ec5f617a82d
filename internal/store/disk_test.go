package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestALockIsNotWaitedForForever(t *testing.T) {
	folder := t.TempDir()
	unlock, err := lock(folder, publicFolder)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	late := make(chan time.Time, 1)
	late <- time.Time{}
	if err := flock(dir, late); err == nil || !strings.Contains(err.Error(), "another longshore") {
		t.Fatal(err)
	}
	unlock()
	// Who gave up does not keep it when the turn comes.
	again, err := lock(folder, publicFolder)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestALockOfAFolderThatWasReplaced(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "deep", "folder")
	unlock, err := lock(folder, publicFolder)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		second, err := lock(folder, publicFolder)
		if err == nil {
			err = replace(filepath.Join(folder, "file"), nil, publicFile)
			second()
		}
		got <- err
	}()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := <-got; err != nil {
		t.Fatal(err)
	}
}
