// Package transfer implements the activities that get images onto hosts: carried from the builder's engine, or pulled
// from a registry.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Activities are bound to the hosts that a worker can reach. They may run concurrently.
type Activities struct {
	Hosts host.Opener
}

// Register binds the activities to their names. Transfer is for the worker's own queue, where the image is.
func (a Activities) Register(shared, own activities.Registry) {
	activities.Transfer.Register(own, a.Transfer)
	activities.Pull.Register(shared, a.Pull)
}

// Transfer implements activities.Transfer: the image goes over whole, as a stream that is stored nowhere on its way. An
// image is no part of a site until a container uses it, so no fence is asked.
func (a Activities) Transfer(ctx context.Context, in activities.TransferInput) (activities.TransferResult, error) {
	to, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.TransferResult{}, failing.On(in.Host, err)
	}
	from, err := a.Hosts.Open(ctx, in.Builder)
	if err != nil {
		return activities.TransferResult{}, failing.On(in.Builder, err)
	}
	image, err := source(ctx, from, in)
	if err != nil {
		return activities.TransferResult{}, failing.On(in.Builder, err)
	}
	result := activities.TransferResult{Transferred: app.Transferred{ImageBytes: image.Size}}
	have, there, err := present(ctx, to, image)
	if err != nil {
		return result, failing.On(in.Host, err)
	}
	if !there {
		if result.Transferred.SentBytes, err = carry(ctx, from, to, in, image); err != nil {
			return result, failing.On(in.Host, err)
		}
		if have, err = arrived(ctx, to, in, image); err != nil {
			return result, failing.On(in.Host, err)
		}
	}
	have.Ref, have.Layers, have.Tags = image.Ref, nil, nil
	result.Image = have
	return result, nil
}

// source answers the image on the builder, which pulls it where it is of a registry and not there yet.
func source(ctx context.Context, from host.Host, in activities.TransferInput) (app.Image, error) {
	ref := in.Image.Ref
	image, err := from.Engine().ImageInspect(ctx, ref)
	if errors.Is(err, host.ErrNotFound) {
		if in.Image.ID != "" { // built, so that no registry has it
			return app.Image{}, failing.With(app.Failure{
				Kind: app.KindMissing, Host: in.Builder.Name, Service: in.Service,
				Message: "the image " + ref + " was built, and is no longer on the builder",
				Advice:  "Deploy again.",
			}, nil)
		}
		if err := from.Engine().ImagePull(ctx, ref, "", nil); err != nil {
			return app.Image{}, err
		}
		image, err = from.Engine().ImageInspect(ctx, ref)
	}
	image.Ref = ref
	return image, err
}

// present looks for the image on a host, under its name or under another: a release that did not change a service has
// a new tag for an image that is there.
func present(ctx context.Context, to host.Host, image app.Image) (app.Image, bool, error) {
	for _, ref := range []string{image.Ref, image.ID} {
		have, err := to.Engine().ImageInspect(ctx, ref)
		if errors.Is(err, host.ErrNotFound) || (err == nil && !sameImage(have, image)) {
			continue
		}
		if err == nil && ref != image.Ref {
			err = to.Engine().ImageTag(ctx, image.ID, image.Ref)
		}
		return have, err == nil, err
	}
	return app.Image{}, false, nil
}

// sameImage compares by id where the engines name images alike, and else by the layers: with the containerd image
// store an image's id is its manifest's digest, which a save and load may change.
func sameImage(a, b app.Image) bool {
	if a.ID == b.ID {
		return true
	}
	if len(a.Layers) == 0 || len(a.Layers) != len(b.Layers) || a.Architecture != b.Architecture {
		return false
	}
	for i := range a.Layers {
		if a.Layers[i] != b.Layers[i] {
			return false
		}
	}
	return a.Created.Equal(b.Created)
}

// carry streams the image from engine to engine and answers the bytes sent.
func carry(ctx context.Context, from, to host.Host, in activities.TransferInput, image app.Image) (int64, error) {
	if err := checkRoom(ctx, to, in, image); err != nil {
		return 0, err
	}
	stream, err := from.Engine().ImageSave(ctx, []string{image.Ref})
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	counted := &counter{reader: stream, report: func(sent int64) {
		heartbeat.Report(ctx, activities.Beat{Done: sent, Total: image.Size, Unit: "bytes", Note: in.Service})
	}}
	err = to.Engine().ImageLoad(ctx, counted)
	return counted.sent.Load(), err
}

// checkRoom refuses an image that the host has no room for: the engine holds its archive and its layers at once.
func checkRoom(ctx context.Context, to host.Host, in activities.TransferInput, image app.Image) error {
	info, err := to.Engine().Info(ctx)
	if err != nil {
		return err
	}
	free, err := to.Files().FreeBytes(ctx, info.RootDir)
	if err != nil {
		return err
	}
	if need := 2 * image.Size; free < need {
		return failing.With(app.Failure{
			Kind: app.KindDisk, Host: in.Host.Name, Service: in.Service,
			Message: fmt.Sprintf("the image of %s needs %d MiB on %s (%s), and %d MiB are free", in.Service, need>>20, in.Host.Name, info.RootDir, free>>20),
			Advice:  "Free some space, for example with docker system prune, and deploy again.",
		}, nil)
	}
	return nil
}

var errDifferent = errors.New("the image that arrived is not the one that was sent")

// arrived checks that the host holds what was sent.
func arrived(ctx context.Context, to host.Host, in activities.TransferInput, image app.Image) (app.Image, error) {
	have, err := to.Engine().ImageInspect(ctx, image.Ref)
	if err != nil {
		return app.Image{}, err
	}
	if !sameImage(have, image) {
		return app.Image{}, fmt.Errorf("%s: %w (%s, not %s)", in.Service, errDifferent, have.ID, image.ID)
	}
	return have, nil
}

// counter counts what is read through it.
type counter struct {
	reader io.Reader
	sent   atomic.Int64
	report func(sent int64)
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	c.report(c.sent.Add(int64(n)))
	return n, err
}
