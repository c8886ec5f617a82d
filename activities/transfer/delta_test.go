package transfer_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/load"
	"github.com/longshore-dev/longshore/internal/image/spool"
)

// deltaPlace is a place whose host runs the real helper, beside a socket that leads to its engine.
type deltaPlace struct {
	*place
	socket string
	// chunks is the folder that the helper has, whose files come to be among the host's.
	chunks string
}

func newDeltaPlace(t *testing.T) *deltaPlace {
	t.Helper()
	base := newPlace()
	p := &deltaPlace{place: &base, socket: filepath.Join(t.TempDir(), "docker.sock"), chunks: t.TempDir()}
	p.worker(t)
	listener, err := net.Listen("unix", p.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	p.host.Before(func(ctx context.Context, op memory.Op) error {
		if op.Name == "ContainerStart" {
			err := p.run(ctx, t.TempDir())
			behaviour := memory.Behaviour{Exits: true, ExitCode: load.ExitCode(err)}
			if err != nil {
				behaviour.Stderr = []string{err.Error()}
			}
			p.host.BehaveRole(app.RoleLoader, behaviour)
		}
		return nil
	})
	return p
}

// worker is another one from here on, which knows nothing.
func (p *deltaPlace) worker(t *testing.T) {
	p.activities = transfer.New(memory.Opener(p.builder, p.host), unseal.Opener{}, spool.New(t.TempDir()), chunk.NewStore(t.TempDir()), helper{})
}

// ServeHTTP is the part of the engine that the helper needs.
func (p *deltaPlace) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	engine := p.host.Host().Engine()
	if r.URL.Path == "/images/load" {
		if err := engine.ImageLoad(r.Context(), r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	saved, err := engine.ImageSave(r.Context(), r.URL.Query()["names"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	defer saved.Close()
	_, _ = io.Copy(w, saved)
}

// run is the helper. It may use any of the host's images.
func (p *deltaPlace) run(ctx context.Context, dir string) error {
	h := p.host.Host()
	part := p.parts(ctx)[0]
	data, err := h.Files().Read(ctx, "incoming/"+part)
	if err != nil {
		return err
	}
	images, err := h.Engine().ImageList(ctx, nil)
	if err != nil {
		return err
	}
	o := load.Options{
		Bundle: filepath.Join(dir, "bundle"), Digest: digestOf(data), Plain: math.MaxInt64, Rebuilt: math.MaxInt64,
		Socket: p.socket, Chunks: p.chunks,
	}
	for _, image := range images {
		o.Images = append(o.Images, image.ID)
	}
	if err := os.WriteFile(o.Bundle, data, 0o600); err != nil {
		return err
	}
	if err := load.Run(ctx, o); err != nil {
		return err
	}
	entries, err := os.ReadDir(p.chunks)
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(p.chunks, e.Name()))
		if err == nil {
			err = h.Files().Write(ctx, "chunks/"+e.Name(), data, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// release makes the image of a release on the builder.
func (p *deltaPlace) release(number string, layers ...string) app.Image {
	return p.builder.AddImage("longshore/shop-production/web:"+number+"-aaa", memory.ImageSpec{
		Layers: layers, Labels: map[string]string{app.LabelSite: "default/shop/production"},
	})
}

// sends transfers an image and checks the bytes that are sent of it.
func (p *deltaPlace) sends(t *testing.T, image app.Image, least, most int64) (note string) {
	t.Helper()
	result, err := p.transfer(t, image)
	if err != nil || result.Image.ID != image.ID {
		t.Fatalf("%+v, %v", result, err)
	}
	if sent := result.Transferred.SentBytes; sent < least || sent > most {
		t.Errorf("%d bytes were sent, expected %d to %d", sent, least, most)
	}
	return result.Note
}

func (p *deltaPlace) known(t *testing.T) []string {
	t.Helper()
	names, err := p.host.Host().Files().List(t.Context(), "chunks")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestAChangedLayerGoesAsItsChange(t *testing.T) {
	p := newDeltaPlace(t)
	content := noise(20, 600_000)
	changed := content[:300_000] + "new" + content[300_000:]
	p.sends(t, p.release("1", "base", content), 600_000, 610_000)
	p.sends(t, p.release("2", "base", changed), 0, 20_000)
	p.worker(t)
	p.sends(t, p.release("3", "base", changed[100:]), 0, 20_000)
	p.sends(t, p.release("4", "other", changed[100:]), 0, 5_000)
	p.sends(t, p.release("5", "base", noise(21, 600_000)), 600_000, 610_000)
	if known := p.known(t); len(known) != 4 {
		t.Errorf("the host knows of %q", known)
	}
}

// It is the newest release that a change is made to, not one that has less in common with it.
func TestTheNewestReleaseIsTheBase(t *testing.T) {
	p := newDeltaPlace(t)
	content := noise(22, 600_000)
	p.sends(t, p.release("1", content), 600_000, 610_000)
	for _, number := range []string{"6", "7", "8", "9"} {
		p.sends(t, p.release(number, content+number), 0, 20_000)
	}
	p.sends(t, p.release("10", content+noise(23, 200_000)), 200_000, 230_000)
	p.worker(t)
	p.sends(t, p.release("11", "x"+content+noise(23, 200_000)), 0, 20_000)
}

// indexOf says that a layer of a digest has some content.
func indexOf(t *testing.T, content, digest string) []byte {
	t.Helper()
	index, err := chunk.Of(strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	data, err := index.Encode("sha256:" + digest)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWhatTheHostKnowsMayBeWrong(t *testing.T) {
	content := noise(24, 600_000)
	changed := content[:300_000] + "new" + content[300_000:]
	for name, c := range map[string]struct {
		spoil func(index string, data []byte) []byte
		noted bool
	}{
		"damaged":   {func(_ string, data []byte) []byte { data[100]++; return data }, false},
		"too large": {func(_ string, data []byte) []byte { return append(data, make([]byte, 32<<20)...) }, false},
		"a lie":     {func(index string, _ []byte) []byte { return indexOf(t, changed, index) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newDeltaPlace(t)
			p.sends(t, p.release("1", content), 600_000, 610_000)
			files := p.host.Host().Files()
			index := p.known(t)[0]
			data, err := files.Read(t.Context(), "chunks/"+index)
			if err != nil {
				t.Fatal(err)
			}
			if err := files.Write(t.Context(), "chunks/"+index, c.spoil(index, data), 0); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(p.chunks, index)); err != nil {
				t.Fatal(err)
			}
			p.worker(t)
			if note := p.sends(t, p.release("2", changed), 600_000, 620_000); (note != "") != c.noted {
				t.Errorf("the run says %q", note)
			}
			if slices.Contains(p.known(t), index) {
				t.Error("what is wrong is still there")
			}
			p.sends(t, p.release("3", changed+"more"), 0, 20_000)
		})
	}
}

func TestWhatTheHostKnowsOfLayersThatAreGone(t *testing.T) {
	p := newDeltaPlace(t)
	first := p.release("1", noise(25, 300_000))
	p.sends(t, first, 300_000, 310_000)
	if err := p.host.Host().Engine().ImageRemove(t.Context(), first.Ref); err != nil {
		t.Fatal(err)
	}
	gone := p.known(t)
	if err := os.RemoveAll(filepath.Join(p.chunks, gone[0])); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"new-crashed", "notes.txt"} {
		if err := p.host.Host().Files().Write(t.Context(), "chunks/"+name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	p.sends(t, p.release("2", noise(25, 300_000)+"x"), 300_000, 310_000)
	if err := transfer.Tidy(t.Context(), p.host.Host()); err != nil {
		t.Fatal(err)
	}
	if known := p.known(t); len(known) != 2 || known[0] == gone[0] || known[1] != "notes.txt" {
		t.Errorf("the host knows of %q, after %q", known, gone)
	}
}

// Room is needed for the new layer as it will be, and for those that it is made of.
func TestADeltaWithoutRoom(t *testing.T) {
	p := newDeltaPlace(t)
	content := noise(26, 4<<20)
	p.sends(t, p.release("1", content), 4<<20, 5<<20)
	p.host.SetFree(12 << 20)
	changed := p.release("2", "x"+content)
	if _, err := p.transfer(t, changed); kindOf(err) != app.KindDisk || len(p.parts(t.Context())) != 0 {
		t.Errorf("%v", err)
	}
	p.host.SetFree(17 << 20)
	p.sends(t, changed, 0, 20_000)
}

// Another worker, which has to ask the host, makes the same of it: the upload goes on.
func TestADeltaGoesOn(t *testing.T) {
	p := newDeltaPlace(t)
	content := noise(27, 4<<20)
	p.sends(t, p.release("1", content), 4<<20, 5<<20)
	changed := p.release("2", content[:2<<20]+noise(28, 1<<20)+content[2<<20:])
	p.host.FailOnce("ContainerCreate", host.ErrUnreachable)
	if _, err := p.transfer(t, changed); kindOf(err) != app.KindUnreachable {
		t.Fatal(err)
	}
	part := "incoming/" + p.parts(t.Context())[0]
	files := p.host.Host().Files()
	data, err := files.Read(t.Context(), part)
	if err != nil || len(data) < 1<<20 || len(data) > 2<<20 {
		t.Fatalf("%d bytes arrived, %v", len(data), err)
	}
	if err := files.Write(t.Context(), part, data[:700_000], 0); err != nil {
		t.Fatal(err)
	}
	p.worker(t)
	left := int64(len(data)) - 700_000/host.PutBlock*host.PutBlock
	p.sends(t, changed, left, left)
}
