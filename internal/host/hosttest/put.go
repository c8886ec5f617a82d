package hosttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

func testPut(t *testing.T, open func(t *testing.T) host.Host, world World) {
	ctx := bounded(t)
	files := open(t).Files()
	folder := unique("put")
	cleanup(t, func(ctx context.Context) error { return files.Remove(ctx, folder) })
	path := folder + "/it's/new"

	if _, err := files.Stat(ctx, path); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("looking at a missing file gives %v, want ErrNotFound", err)
	}
	data := make([]byte, 3*host.PutBlock+1000)
	for i := range data {
		data[i] = byte(i * 31 >> 3)
	}
	for _, part := range []struct{ from, to int64 }{
		{0, 0},
		{0, 2*host.PutBlock + 5}, // a piece that ends within a block
		{2 * host.PutBlock, int64(len(data))},
		{host.PutBlock, 2 * host.PutBlock}, // again, in the middle
	} {
		must(t, files.Put(ctx, path, part.from, bytes.NewReader(data[part.from:part.to]), part.to-part.from))
	}
	if got, err := files.Read(ctx, path); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the parts read as %d bytes, %v; want %d", len(got), err, len(data))
	}
	if info, err := files.Stat(ctx, path); err != nil || info.Size != int64(len(data)) || info.Age < -2*time.Second || info.Age > limit {
		t.Errorf("the file is %+v, %v", info, err)
	}
	if err := files.Put(ctx, path, 1, bytes.NewReader(data), 1); err == nil {
		t.Error("an offset within a block is taken")
	}
	if err := files.Put(ctx, "../x", 0, bytes.NewReader(data), 1); err == nil {
		t.Error("a path outside of the folder is written to")
	}
	if err := files.Put(ctx, folder+"/short", 0, bytes.NewReader(data), int64(len(data)+1)); err == nil {
		t.Error("data that ends early counts as written")
	}
	if world.Cut != nil {
		testPutIsCut(t, open(t).Files(), folder+"/cut", world)
	}
}

// testPutIsCut breaks the connection in the middle of a Put: what was not lost with it is whole.
func testPutIsCut(t *testing.T, files host.Files, path string, world World) {
	ctx := bounded(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), host.PutBlock/2) // 8 blocks
	source := &tap{reader: bytes.NewReader(data), after: 5 * host.PutBlock, do: world.Cut}
	if err := files.Put(ctx, path, 0, source, int64(len(data))); !errors.Is(err, host.ErrUnreachable) {
		t.Fatalf("a put that is cut ends with %v, want ErrUnreachable", err)
	}
	var there host.FileInfo
	eventually(ctx, t, "the file can be looked at", func() bool {
		var err error
		there, err = files.Stat(ctx, path)
		return err == nil
	})
	if lost := source.read.Load() - there.Size; lost > host.PutWindow+host.PutBlock {
		t.Errorf("%d bytes of %d are lost", lost, source.read.Load())
	}
	offset := there.Size / host.PutBlock * host.PutBlock
	must(t, files.Put(ctx, path, offset, bytes.NewReader(data[offset:]), int64(len(data))-offset))
	if got, err := files.Read(ctx, path); err != nil || !bytes.Equal(got, data) {
		t.Errorf("what was resumed reads as %d bytes, %v; want %d", len(got), err, len(data))
	}
}

// tap does something once when so many bytes have been read through it.
type tap struct {
	reader io.Reader
	after  int64
	do     func()
	read   atomic.Int64
}

func (p *tap) Read(b []byte) (int, error) {
	n, err := p.reader.Read(b)
	now := p.read.Add(int64(n))
	if now >= p.after && now-int64(n) < p.after {
		p.do()
	}
	return n, err
}
