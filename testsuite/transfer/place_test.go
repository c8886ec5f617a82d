//go:build e2e || soak

package transfer

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge/edgeimage"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/pool"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/spool"
	"github.com/longshore-dev/longshore/internal/ssh"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// place is a host, and this machine as the builder.
type place struct {
	t       *testing.T
	ctx     context.Context
	host    *hosts.Host
	builder app.Host
	helper  edge.Image
	local   host.Host
	remote  host.Host // past the link's count
	repo    string    // what the place's images are called, so that places do not meet
	spool   string    // the newest worker's folder for bundles
	chunks  string    // and for chunk indexes
	now     transfer.Activities
}

// helper is the edge's image.
type helper struct{ image *edgeimage.Image }

func (h helper) For(string) (*edgeimage.Image, error) { return h.image, nil }

func newPlace(t *testing.T, options ...hosts.Option) *place {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	binary, err := os.Open(filepath.Join("..", "..", "bin", "longshore-edge"))
	must(t, err)
	t.Cleanup(func() { binary.Close() })
	info, err := binary.Stat()
	must(t, err)
	image, err := edgeimage.New(binary, info.Size(), "amd64")
	must(t, err)
	p := &place{
		t: t, ctx: ctx, helper: helper{image}, builder: app.Host{Name: app.LocalAddress, Address: app.LocalAddress},
		host: hosts.Start(t, options...), repo: "longshore-transfer-" + strings.ToLower(rand.Text()[:6]),
	}
	opener := p.opener()
	p.local, err = opener.Open(ctx, p.builder)
	must(t, err)
	p.remote, err = opener.Open(ctx, p.appHost())
	must(t, err)
	p.bringHelper()
	return p
}

// bringHelper brings what a host has from its first deploy on, so that it does not count.
func (p *place) bringHelper() {
	p.t.Helper()
	image, err := p.helper.For("")
	must(p.t, err)
	must(p.t, p.remote.Engine().ImageLoad(p.ctx, image.Tar()))
}

// appHost is the host with a state folder that its login may write.
func (p *place) appHost() app.Host {
	h := p.host.AppHost()
	if p.host.User == hosts.Member {
		h.StateDir = "/home/" + hosts.Member + "/longshore"
	}
	return h
}

// opener has connections of its own.
func (p *place) opener() host.Opener {
	p.t.Helper()
	home := p.t.TempDir()
	known, err := os.ReadFile(p.host.KnownHosts)
	must(p.t, err)
	must(p.t, os.MkdirAll(filepath.Join(home, ".ssh"), 0o700))
	must(p.t, os.WriteFile(filepath.Join(home, ".ssh", "known_hosts"), known, 0o600))
	opener := pool.New(ssh.Environment{Home: home, User: "nobody"}, p.t.TempDir())
	p.t.Cleanup(func() { opener.Close() })
	return opener
}

// worker makes the activities of a worker that has just begun and keeps nothing of an earlier one.
func (p *place) worker() transfer.Activities {
	p.t.Helper()
	p.spool = p.t.TempDir()
	p.chunks = p.t.TempDir()
	return transfer.New(p.opener(), unseal.Opener{}, spool.New(p.spool), chunk.NewStore(p.chunks), p.helper)
}

// image makes an image on the builder.
func (p *place) image(name string, layers ...layer) app.Image {
	p.t.Helper()
	return put(p.ctx, p.t, p.local.Engine(), p.repo+":"+name, layers...)
}

func (p *place) transfer(worker transfer.Activities, image app.Image) (activities.TransferResult, error) {
	return worker.Transfer(p.ctx, activities.TransferInput{
		Target: activities.Target{Host: p.appHost()}, Builder: p.builder, Service: "web", Image: image,
	})
}

// counted transfers an image and answers the bytes that crossed the link in both directions.
func (p *place) counted(worker transfer.Activities, image app.Image) (activities.TransferResult, int64) {
	p.t.Helper()
	before := p.crossed()
	result, err := p.transfer(worker, image)
	must(p.t, err)
	p.holds(image)
	return result, p.crossed() - before
}

func (p *place) crossed() int64 {
	sent, received := p.host.Link.Bytes()
	return sent + received
}

// loads counts the images that the host's engine has been asked to load.
func (p *place) loads() int {
	p.t.Helper()
	now, err := p.host.Exec(p.ctx, "date", "+%s.%N")
	must(p.t, err)
	events, err := p.host.Exec(p.ctx, "docker", "events", "--since", "1", "--until", now, "--filter", "type=image", "--filter", "event=load", "--format", "{{.ID}}")
	must(p.t, err)
	return len(strings.Fields(events))
}

// holds checks that the host has the image, whole, and nothing of its way there.
func (p *place) holds(image app.Image) {
	p.t.Helper()
	id, err := p.host.Exec(p.ctx, "docker", "image", "inspect", "--format", "{{.Id}}", image.Ref)
	if err != nil || id != image.ID {
		p.t.Fatalf("the host holds %q, %v, not %s", id, err, image.ID)
	}
	if left, err := p.host.Exec(p.ctx, "sh", "-c", "ls "+p.remote.Files().Root()+"/incoming; docker ps -aq"); err != nil || left != "lock" {
		p.t.Errorf("left on the host: %q, %v", left, err)
	}
}

// cutAt begins a transfer and cuts the line when that many bytes have crossed.
func (p *place) cutAt(worker transfer.Activities, image app.Image, bytes int64) {
	p.t.Helper()
	link := p.host.Link
	link.Bandwidth(16 << 20) // else the end may come before the cut
	defer link.Bandwidth(0)
	before, done := p.crossed(), make(chan error, 1)
	go func() {
		_, err := p.transfer(worker, image)
		done <- err
	}()
	for p.crossed()-before < bytes {
		select {
		case err := <-done:
			p.t.Fatalf("the transfer ended before the cut: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	link.Cut()
	err := <-done
	link.Restore()
	if activities.FailureOf(err).Kind != app.KindUnreachable {
		p.t.Fatalf("a transfer that is cut ends with %v", err)
	}
}
