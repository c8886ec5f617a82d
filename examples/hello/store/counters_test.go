package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCountersSurviveARestartAndACutOffLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counters.log")
	first, err := openCounters(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := first.add("visits"); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("vis"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for want := 4; want <= 5; want++ {
		again, err := openCounters(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.add("visits"); err != nil || got != want {
			t.Errorf("got %d, %v, want %d", got, err, want)
		}
		if err := again.close(); err != nil {
			t.Fatal(err)
		}
	}
}
