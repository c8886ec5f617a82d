package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge/edgeimage"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/load"
	"github.com/longshore-dev/longshore/internal/image/spool"
)

// helper brings an edge whose load is done by the test.
type helper struct{ err error }

func (h helper) For(architecture string) (*edgeimage.Image, error) {
	if h.err != nil {
		return nil, h.err
	}
	return edgeimage.New(strings.NewReader("edge"), 4, architecture)
}

// newUploadPlace is a place whose host runs helpers.
func newUploadPlace(t *testing.T, brings helper) *place {
	t.Helper()
	p := newPlace()
	p.activities = transfer.New(memory.Opener(p.builder, p.host), unseal.Opener{}, spool.New(t.TempDir()), chunk.NewStore(t.TempDir()), brings)
	p.host.Before(func(ctx context.Context, op memory.Op) error {
		if op.Name == "ContainerStart" {
			code, said := p.help(ctx)
			p.host.BehaveRole(app.RoleLoader, memory.Behaviour{Exits: true, ExitCode: code, Stderr: []string{said}})
		}
		return nil
	})
	return &p
}

// help does what the helper does on a host.
func (p *place) help(ctx context.Context) (code int, said string) {
	h := p.host.Host()
	for _, name := range p.parts(ctx) {
		data, err := h.Files().Read(ctx, "incoming/"+name)
		if err != nil {
			return 1, err.Error()
		}
		var plain bytes.Buffer
		if err := load.Unpack(&plain, bytes.NewReader(data), math.MaxInt64); err != nil {
			return load.ExitCode(err), err.Error()
		}
		if err := h.Engine().ImageLoad(ctx, &plain); err != nil {
			return load.ExitRefused, err.Error()
		}
	}
	return 0, ""
}

func (p *place) parts(ctx context.Context) []string {
	names, err := p.host.Host().Files().List(ctx, "incoming")
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, ".part") })
}

// noise is a layer's content that cannot be compressed.
func noise(seed byte, size int) string {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(content) // never fails
	return string(content)
}

func TestUploadSendsTheMissingLayers(t *testing.T) {
	p := newUploadPlace(t, helper{})
	base, top := noise(1, 400_000), noise(2, 100_000)
	p.host.AddImage("other:1", memory.ImageSpec{Layers: []string{base, "more"}})
	image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{base, top}})
	result, err := p.transfer(t, image)
	if err != nil || result.Image.ID != image.ID || result.Note != "" {
		t.Fatalf("%+v, %v", result, err)
	}
	if sent := result.Transferred.SentBytes; sent < 100_000 || sent > 105_000 {
		t.Errorf("%d bytes were sent", sent)
	}
	if left := p.parts(t.Context()); len(left) != 0 || len(p.host.Containers()) != 0 {
		t.Errorf("left: %q, %v", left, p.host.Containers())
	}
}

// Each attempt ends with the connection, and the next goes on.
func TestUploadGoesOn(t *testing.T) {
	p := newUploadPlace(t, helper{})
	image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{noise(3, 8*host.PutBlock)}})
	whole, err := p.transfer(t, image)
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int64{1, 3*host.PutBlock + 5, whole.Transferred.SentBytes - 1, whole.Transferred.SentBytes} {
		p := newUploadPlace(t, helper{})
		p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{noise(3, 8*host.PutBlock)}})
		p.host.FailOnce("ContainerCreate", host.ErrUnreachable)
		if _, err := p.transfer(t, image); kindOf(err) != app.KindUnreachable {
			t.Fatal(err)
		}
		part := "incoming/" + p.parts(t.Context())[0]
		files := p.host.Host().Files()
		data, err := files.Read(t.Context(), part)
		if err != nil || files.Write(t.Context(), part, data[:left], 0) != nil {
			t.Fatal(err)
		}
		result, err := p.transfer(t, image)
		want := whole.Transferred.SentBytes - left/host.PutBlock*host.PutBlock
		if left == whole.Transferred.SentBytes {
			want = 0
		}
		if err != nil || result.Transferred.SentBytes != want {
			t.Errorf("with %d bytes there: %+v, %v; want %d sent", left, result.Transferred, err, want)
		}
	}
}

func TestACorruptUploadIsSentAgain(t *testing.T) {
	for name, spoil := range map[string]func(data []byte) []byte{
		"a byte":   func(data []byte) []byte { data[len(data)/3]++; return data },
		"too long": func(data []byte) []byte { return append(data, 0) },
	} {
		p := newUploadPlace(t, helper{})
		image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{noise(4, 300_000)}})
		p.host.FailOnce("ContainerCreate", host.ErrUnreachable)
		if _, err := p.transfer(t, image); kindOf(err) != app.KindUnreachable {
			t.Fatal(err)
		}
		part := "incoming/" + p.parts(t.Context())[0]
		files := p.host.Host().Files()
		data, err := files.Read(t.Context(), part)
		if err != nil || files.Write(t.Context(), part, spoil(data), 0) != nil {
			t.Fatal(err)
		}
		result, err := p.transfer(t, image)
		if err != nil || result.Image.ID != image.ID || result.Transferred.SentBytes < 300_000 || p.loads() != 2 {
			t.Errorf("%s: %+v, %v, after %d loads", name, result, err, p.loads())
		}
	}
}

// What is corrupt again and again ends the attempt, and leaves nothing to go on from.
func TestAnUploadThatStaysCorrupt(t *testing.T) {
	p := newUploadPlace(t, helper{})
	p.host.Before(nil)
	p.host.BehaveRole(app.RoleLoader, memory.Behaviour{Exits: true, ExitCode: load.ExitCorrupt, Stderr: []string{"another SHA-256"}})
	image := p.builder.AddImage(tag, memory.ImageSpec{})
	_, err := p.transfer(t, image)
	if kindOf(err) != app.KindInternal || !strings.Contains(err.Error(), "another SHA-256") || len(p.parts(t.Context())) != 0 {
		t.Errorf("%v, left %q", err, p.parts(t.Context()))
	}
}

func TestWithoutAHelperTheImageIsStreamed(t *testing.T) {
	for name, breaks := range map[string]func(p *place) helper{
		"no edge for the host": func(*place) helper { return helper{errors.New("the worker has no edge for it")} },
		"create fails":         func(p *place) helper { p.host.Fail("ContainerCreate", errors.New("no mounts")); return helper{} },
		"start fails":          func(p *place) helper { p.host.Fail("ContainerStart", errors.New("no runtime")); return helper{} },
		"it ends at once": func(p *place) helper {
			p.host.BehaveRole(app.RoleLoader, memory.Behaviour{Exits: true, ExitCode: 1, Stderr: []string{"permission denied"}})
			return helper{}
		},
	} {
		p := newPlace()
		p.activities = transfer.New(memory.Opener(p.builder, p.host), unseal.Opener{}, spool.New(t.TempDir()), chunk.NewStore(t.TempDir()), breaks(&p))
		image := p.builder.AddImage(tag, memory.ImageSpec{})
		result, err := p.transfer(t, image)
		if err != nil || result.Image.ID != image.ID || result.Note == "" {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
		if left := p.parts(t.Context()); len(left) != 0 || len(p.host.Containers()) != 0 {
			t.Errorf("%s: left %q, %v", name, left, p.host.Containers())
		}
	}
}

func TestWhereTheEngineTakesWholeImagesOnly(t *testing.T) {
	p := newUploadPlace(t, helper{})
	base := noise(5, 200_000)
	p.host.AddImage("other:1", memory.ImageSpec{Layers: []string{base}})
	image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{base, "top"}})
	loads := 0
	p.host.Before(func(ctx context.Context, op memory.Op) error {
		if op.Name == "ContainerStart" {
			if loads++; loads == 1 {
				p.host.BehaveRole(app.RoleLoader, memory.Behaviour{Exits: true, ExitCode: load.ExitRefused, Stderr: []string{"layer not found"}})
				return nil
			}
			code, said := p.help(ctx)
			p.host.BehaveRole(app.RoleLoader, memory.Behaviour{Exits: true, ExitCode: code, Stderr: []string{said}})
		}
		return nil
	})
	result, err := p.transfer(t, image)
	if err != nil || result.Transferred.SentBytes < 200_000 || !strings.Contains(result.Note, "web on web-1") || loads != 2 {
		t.Errorf("%+v, %v after %d loads", result, err, loads)
	}
}

// Containerd's store keeps the layers of a registry's image in other bytes than those of a bundle.
func TestWhatContainerdHolds(t *testing.T) {
	base := noise(5, 200_000)
	for name, c := range map[string]struct {
		labels map[string]string
		whole  bool
	}{
		"of a registry": {whole: true},
		"built":         {labels: map[string]string{app.LabelSite: "default/shop/production"}},
	} {
		p := newUploadPlace(t, helper{})
		p.host.SetInfo(func(info *app.EngineInfo) { info.Containerd = true })
		p.host.AddImage("other:1", memory.ImageSpec{Layers: []string{base}, Labels: c.labels})
		image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{base, "top"}})
		result, err := p.transfer(t, image)
		if whole := result.Transferred.SentBytes > 200_000; err != nil || whole != c.whole {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
	}
}

func TestOldUploadsAreRemoved(t *testing.T) {
	p := newUploadPlace(t, helper{})
	files := p.host.Host().Files()
	for _, name := range []string{"incoming/old.part", "incoming/young.part", "incoming/else"} {
		if err := files.Put(t.Context(), name, 0, strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
	}
	p.host.Age("incoming/old.part", 25*time.Hour)
	p.host.Age("incoming/else", 25*time.Hour)
	// They are no bundles: this helper is content without a look.
	p.host.Before(nil)
	p.host.BehaveRole(app.RoleLoader, memory.Behaviour{Exits: true, ExitCode: load.ExitRefused, Stderr: []string{"no"}})
	image := p.builder.AddImage(tag, memory.ImageSpec{})
	if _, err := p.transfer(t, image); err == nil {
		t.Fatal("what is refused counts as loaded")
	}
	if names, err := files.List(t.Context(), "incoming"); err != nil || !slices.Equal(names, []string{"else", "lock", "young.part"}) {
		t.Errorf("left: %q, %v", names, err)
	}
}

// Room is looked for before anything is sent.
func TestUploadWithoutRoom(t *testing.T) {
	p := newUploadPlace(t, helper{})
	image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{noise(6, 1<<20)}})
	p.host.SetFree(3 << 20)
	_, err := p.transfer(t, image)
	if kindOf(err) != app.KindDisk || len(p.parts(t.Context())) != 0 {
		t.Errorf("%v, left %q", err, p.parts(t.Context()))
	}
	p.host.SetFree(3<<20 + 100<<10)
	if _, err := p.transfer(t, image); err != nil {
		t.Error(err)
	}
	p = newUploadPlace(t, helper{})
	p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{noise(6, 1<<20)}})
	p.host.Before(nil)
	p.host.BehaveRole(app.RoleLoader, memory.Behaviour{Exits: true, ExitCode: load.ExitRefused, Stderr: []string{"write /x: no space left on device"}})
	_, err = p.transfer(t, image)
	if kindOf(err) != app.KindDisk || !strings.Contains(activities.FailureOf(err).Advice, "docker system prune") || len(p.parts(t.Context())) != 0 {
		t.Errorf("a disk that fills up meanwhile: %v, left %q", err, p.parts(t.Context()))
	}
}

// A run that is cancelled or fails takes its site's uploads away, and nobody else's.
func TestForget(t *testing.T) {
	p := newUploadPlace(t, helper{})
	image := p.builder.AddImage(tag, memory.ImageSpec{})
	p.host.FailOnce("ContainerCreate", host.ErrUnreachable)
	if _, err := p.transfer(t, image); kindOf(err) != app.KindUnreachable {
		t.Fatal(err)
	}
	files := p.host.Host().Files()
	for _, c := range []struct {
		site app.Site
		left int
	}{{app.Site{Org: "default", Project: "other", Name: "production"}, 1}, {app.Site{}, 0}} {
		if err := transfer.Forget(t.Context(), files, c.site); err != nil || len(p.parts(t.Context())) != c.left {
			t.Errorf("%s: %v, left %q", c.site, err, p.parts(t.Context()))
		}
	}
}
