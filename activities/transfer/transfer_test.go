package transfer_test

import (
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/activities/unseal"
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
	p.activities = transfer.New(memory.Opener(p.builder, p.host), unseal.Opener{}, nil, nil, nil)
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
	p.builder.Publish(tag, memory.ImageSpec{})
	for _, image := range []app.Image{{Ref: tag, ID: "sha256:built"}, {Ref: tag}} {
		if _, err := p.transfer(t, image); !activities.ImageLost(err) {
			t.Errorf("%v: it has to be made again, or fetched", err)
		}
	}
}
