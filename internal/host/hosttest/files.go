package hosttest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

func testFiles(t *testing.T, open func(t *testing.T) host.Host) {
	ctx := bounded(t)
	files := open(t).Files()
	folder := unique("files")
	cleanup(t, func(ctx context.Context) error { return files.Remove(ctx, folder) })

	if _, err := files.Read(ctx, folder+"/none"); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("reading a missing file gives %v, want ErrNotFound", err)
	}
	if names, err := files.List(ctx, folder); err != nil || len(names) != 0 {
		t.Errorf("listing a missing folder gives %q, %v", names, err)
	}
	must(t, files.Remove(ctx, folder+"/none"))

	contents := map[string][]byte{
		"a/deep/er/file":    []byte("text"),
		"a/empty":           {},
		"a/it's $HOME `id`": []byte("a name that a shell would change"),
		"a/bytes":           bytes.Repeat([]byte{0, 1, 0xff, '\n'}, 300_000),
	}
	for name, data := range contents {
		must(t, files.Write(ctx, folder+"/"+name, data, 0))
	}
	for name, want := range contents {
		got, err := files.Read(ctx, folder+"/"+name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s reads as %d bytes, %v; want %d", name, len(got), err, len(want))
		}
	}
	names, err := files.List(ctx, folder+"/a")
	if want := []string{"bytes", "deep", "empty", "it's $HOME `id`"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("the folder lists as %q, %v; want %q", names, err, want)
	}
	must(t, files.Write(ctx, folder+"/a/empty", []byte("no more"), 0o644))
	if got, err := files.Read(ctx, folder+"/a/empty"); err != nil || string(got) != "no more" {
		t.Errorf("a replaced file reads as %q, %v", got, err)
	}
	must(t, files.Remove(ctx, folder+"/a/empty"))
	must(t, files.Remove(ctx, folder+"/a"))
	if names, err := files.List(ctx, folder); err != nil || len(names) != 0 {
		t.Errorf("what was removed is still listed: %q, %v", names, err)
	}
	for _, path := range []string{"../x", "/etc/x", "a/../../x", "", "a//b"} {
		if err := files.Write(ctx, path, nil, 0); err == nil {
			t.Errorf("the path %q is written to", path)
		}
	}
	for _, path := range []string{"/", files.Root(), "/no/such/folder"} {
		if free, err := files.FreeBytes(ctx, path); err != nil || free <= 0 {
			t.Errorf("free space of %s: %d, %v", path, free, err)
		}
	}
	testWritesAreWhole(t, files, folder)
}

// testWritesAreWhole has many writers and readers at one file: each reader sees one writer's data, never a mixture.
func testWritesAreWhole(t *testing.T, files host.Files, folder string) {
	ctx := bounded(t)
	path := folder + "/shared"
	const size = 100_000
	must(t, files.Write(ctx, path, bytes.Repeat([]byte{'a'}, size), 0))
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			if i%2 == 0 {
				if err := files.Write(ctx, path, bytes.Repeat([]byte{byte('a' + i)}, size), 0); err != nil {
					t.Error(err)
				}
				return
			}
			data, err := files.Read(ctx, path)
			if err != nil || len(data) != size || bytes.Count(data, data[:1]) != size {
				t.Errorf("a reader sees %d bytes that are not one writer's, %v", len(data), err)
			}
		})
	}
	group.Wait()
	if names, err := files.List(ctx, folder); err != nil || !slices.Equal(names, []string{"shared"}) {
		t.Errorf("writing leaves %q, %v", names, err)
	}
}

func testLocks(t *testing.T, open func(t *testing.T) host.Host) {
	ctx := bounded(t)
	one, other := open(t).Files(), open(t).Files()
	folder := unique("locks")
	cleanup(t, func(ctx context.Context) error { return one.Remove(ctx, folder) })
	path := folder + "/new/lock"

	refused := func(files host.Files, shared bool) {
		t.Helper()
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		if _, unlock, err := files.Lock(short, path, shared); err == nil {
			unlock()
			t.Errorf("a lock (shared: %v) is given while another excludes it", shared)
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for a lock ends with %v, want the passed deadline", err)
		}
	}
	_, unlock, err := one.Lock(ctx, path, false)
	must(t, err)
	refused(other, false)
	refused(other, true)
	refused(one, false)

	got := make(chan error, 1)
	go func() {
		_, unlock, err := other.Lock(ctx, path, false)
		if err == nil {
			defer unlock()
		}
		got <- err
	}()
	unlock()
	unlock() // twice is once
	must(t, <-got)

	_, first, err := one.Lock(ctx, path, true)
	must(t, err)
	_, second, err := other.Lock(ctx, path, true)
	must(t, err)
	refused(one, false)
	first()
	refused(one, false)
	second()
	_, last, err := one.Lock(ctx, path, false)
	must(t, err)
	last()
}
