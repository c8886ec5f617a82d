package transfer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

const tag = "longshore/shop-production/web:1-aaa"

type place struct {
	builder, host *memory.Machine
	activities    transfer.Activities
}

func newPlace() place {
	p := place{builder: memory.New("builder"), host: memory.New("web-1")}
	p.activities = transfer.New(memory.Opener(p.builder, p.host), nil, nil)
	return p
}

func (p place) transfer(t *testing.T, image app.Image) (activities.TransferResult, error) {
	t.Helper()
	return p.activities.Transfer(t.Context(), activities.TransferInput{
		Target: activities.Target{Host: app.Host{Name: "web-1"}}, Builder: app.Host{Name: "builder"}, Service: "web", Image: image,
	})
}

func (p place) loads() int {
	n := 0
	for _, op := range p.host.Ops() {
		if op.Name == "ImageLoad" {
			n++
		}
	}
	return n
}

func kindOf(err error) string {
	if err == nil {
		return ""
	}
	return activities.FailureOf(err).Kind
}

func TestTransferSendsOnce(t *testing.T) {
	p := newPlace()
	image := p.builder.AddImage(tag, memory.ImageSpec{})
	first, err := p.transfer(t, image)
	if err != nil || first.Image.ID != image.ID || first.Image.Ref != tag || first.Transferred.SentBytes == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := p.transfer(t, image)
	if err != nil || second.Image.ID != image.ID || second.Transferred.SentBytes != 0 || p.loads() != 1 {
		t.Errorf("%+v, %v, after %d loads", second, err, p.loads())
	}
}

// The image is there under the tag of an earlier release: it gets a name and is not sent.
func TestTransferTagsWhatIsThere(t *testing.T) {
	p := newPlace()
	spec := memory.ImageSpec{Layers: []string{"same"}}
	image := p.builder.AddImage(tag, spec)
	p.host.AddImage("longshore/shop-production/web:0-old", spec)
	if _, err := p.transfer(t, image); err != nil || p.loads() != 0 {
		t.Fatalf("%v, after %d loads", err, p.loads())
	}
	if have, err := p.host.Host().Engine().ImageInspect(t.Context(), tag); err != nil || have.ID != image.ID {
		t.Errorf("%+v, %v", have, err)
	}
}

// The name is there for another image, as after a build by another builder.
func TestTransferReplacesAnImageOfTheSameName(t *testing.T) {
	p := newPlace()
	image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{"new"}})
	p.host.AddImage(tag, memory.ImageSpec{Layers: []string{"old"}})
	result, err := p.transfer(t, image)
	if err != nil || result.Image.ID != image.ID || p.loads() != 1 {
		t.Errorf("%+v, %v, after %d loads", result, err, p.loads())
	}
}

func TestTransferWithoutRoom(t *testing.T) {
	p := newPlace()
	image := p.builder.AddImage(tag, memory.ImageSpec{Size: 100 << 20})
	p.host.SetFree(200<<20 - 1)
	if _, err := p.transfer(t, image); kindOf(err) != app.KindDisk || p.loads() != 0 {
		t.Errorf("%v, after %d loads", err, p.loads())
	}
	p.host.SetFree(200 << 20)
	if _, err := p.transfer(t, image); err != nil {
		t.Error(err)
	}
}

func TestTransferOfAnImageThatTheBuilderLacks(t *testing.T) {
	p := newPlace()
	if _, err := p.transfer(t, app.Image{Ref: tag, ID: "sha256:built"}); !activities.ImageLost(err) {
		t.Errorf("%v: what was built is in no registry", err)
	}
	p.builder.Publish("postgres:1", memory.ImageSpec{})
	if result, err := p.transfer(t, app.Image{Ref: "postgres:1"}); err != nil || result.Image.ID == "" {
		t.Errorf("%+v, %v: the builder pulls what it carries", result, err)
	}
}

func TestPullPolicies(t *testing.T) {
	for _, c := range []struct {
		policy  string
		present bool
		pulls   int
		kind    string
	}{
		{"", false, 1, ""},
		{"", true, 0, ""},
		{"missing", true, 0, ""},
		{"always", true, 1, ""},
		{"never", true, 0, ""},
		{"never", false, 0, app.KindMissing},
	} {
		p := newPlace()
		published := p.host.Publish("postgres:1", memory.ImageSpec{Layers: []string{"new"}})
		if c.present {
			p.host.AddImage("postgres:1", memory.ImageSpec{Layers: []string{"old"}})
		}
		image, err := p.activities.Pull(t.Context(), activities.PullInput{
			Target: activities.Target{Host: app.Host{Name: "web-1"}}, Service: "db", Ref: "postgres:1", Policy: c.policy,
		})
		pulls := 0
		for _, op := range p.host.Ops() {
			if op.Name == "ImagePull" {
				pulls++
			}
		}
		if kindOf(err) != c.kind || pulls != c.pulls || (c.pulls == 1 && image.ID != published.ID) {
			t.Errorf("policy %q, there %v: %+v, %v after %d pulls", c.policy, c.present, image, err, pulls)
		}
	}
}

func TestPullFails(t *testing.T) {
	p := newPlace()
	in := activities.PullInput{Target: activities.Target{Host: app.Host{Name: "web-1"}}, Service: "db", Ref: "postgres:none"}
	if _, err := p.activities.Pull(t.Context(), in); kindOf(err) != app.KindPull || activities.FailureOf(err).Service != "db" {
		t.Errorf("an image that is nowhere: %v", err)
	}
	p.host.BehaveImage("postgres:none", memory.Behaviour{PullDelay: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := p.activities.Pull(ctx, in); err == nil {
		t.Error("a pull that takes too long succeeds")
	}
	cancelled, stop := context.WithCancel(t.Context())
	stop()
	if _, err := p.activities.Pull(cancelled, in); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled pull: %v", err)
	}
	p.host.Unreachable(true)
	if _, err := p.activities.Pull(t.Context(), in); kindOf(err) != app.KindUnreachable {
		t.Errorf("a pull on a host that is away: %v", err)
	}
}
