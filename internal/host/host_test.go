package host_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

func TestTailKeepsTheEnd(t *testing.T) {
	for name, writes := range map[string][]string{
		"less than the limit":  {"abc"},
		"one long write":       {strings.Repeat("x", 100) + "0123456789"},
		"many small writes":    strings.Split(strings.Repeat("abc,", 50), ","),
		"exactly at the limit": {"0123456789"},
	} {
		tail := host.NewTail(10)
		for _, text := range writes {
			if n, err := tail.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("%s: wrote %d, %v", name, n, err)
			}
		}
		all := []byte(strings.Join(writes, ""))
		if want := all[max(0, len(all)-10):]; !bytes.Equal(tail.Bytes(), want) {
			t.Errorf("%s: kept %q, want %q", name, tail.Bytes(), want)
		}
	}
}

func TestLastLeavesOutWhatIsCut(t *testing.T) {
	long := strings.Repeat("x", 20)
	left := "(its last line has 20 bytes or more, and is left out)"
	for text, want := range map[string]string{
		"":                            "",
		" one\ntwo\n":                 "one\ntwo",
		"a line that is cut\nand one": "and one",
		long:                          left,
		long + "\n":                   left,
		long + "\nthe last\n":         "the last",
	} {
		if got := host.Last([]byte(text), 20); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCheckPath(t *testing.T) {
	for _, path := range []string{".", "a", "a/b.c", "sites/default/shop/production/fence"} {
		if err := host.CheckPath(path); err != nil {
			t.Error(err)
		}
	}
	for _, path := range []string{"", "/", "/a", "..", "a/../b", "a//b", "a/", "./a", "a\x00b"} {
		if host.CheckPath(path) == nil {
			t.Errorf("%q counts as a path inside the folder", path)
		}
	}
}

func TestBounded(t *testing.T) {
	ctx, cancel := host.Bounded(t.Context(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the passed limit is %v", err)
	}
	hour, stop := context.WithTimeout(t.Context(), time.Hour)
	defer stop()
	ctx, cancel = host.Bounded(hour, time.Nanosecond)
	defer cancel()
	want, _ := hour.Deadline()
	if got, _ := ctx.Deadline(); !got.Equal(want) {
		t.Errorf("a deadline of the caller's is changed from %s to %s", want, got)
	}
}
