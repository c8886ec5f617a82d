// Package transfer implements the activities that get images onto hosts: carried from the builder's engine, or pulled
// from a registry.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/spool"
)

// Activities are bound to the hosts that a worker can reach. They may run concurrently.
type Activities struct {
	hosts   host.Opener
	secrets unseal.Opener
	bundles *spool.Store
	chunks  *chunk.Store
	helper  edge.Image
	turns   *turns
	rates   *rates
	storage *storage
	// planTurn bounds the memory that plans take.
	planTurn chan struct{}
}

// New makes the activities. The helper, `longshore-edge load`, is in the edge's image; without it (nil) every image goes
// over as one stream, and bundles and chunks, which keep what was sent and what it is made of, may be nil too.
func New(hosts host.Opener, secrets unseal.Opener, bundles *spool.Store, chunks *chunk.Store, helper edge.Image) Activities {
	return Activities{
		hosts: hosts, secrets: secrets, bundles: bundles, chunks: chunks, helper: helper,
		turns: newTurns(), rates: newRates(), storage: &storage{}, planTurn: make(chan struct{}, 1),
	}
}

// Register binds the activities to their names. Transfer and Fetch are for the worker's own queue, where the image is.
func (a Activities) Register(shared, own activities.Registry) {
	activities.Transfer.Register(own, a.Transfer)
	activities.Fetch.Register(own, a.Fetch)
	activities.Resolve.Register(shared, a.Resolve)
	activities.Pull.Register(shared, a.Pull)
	activities.Reuse.Register(shared, a.Reuse)
	activities.NameImage.Register(shared, a.NameImage)
}

const (
	// sendLock has one image at a time go to a host, whatever worker sends it: the second finds the layers that it shares
	// with the first. It is an hour's wait for a large image on a slow line at most.
	sendLock     = incoming + "/lock"
	sendLockWait = time.Hour
)

// Transfer implements activities.Transfer: the layers that the host lacks go over. An image is no part of a site until a
// container uses it, so no fence is asked.
func (a Activities) Transfer(ctx context.Context, in activities.TransferInput) (activities.TransferResult, error) {
	to, err := a.hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.TransferResult{}, failing.On(in.Host, err)
	}
	from, err := a.hosts.Open(ctx, in.Builder)
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
		limit, leave := a.rates.take(in.Site.String(), in.MaxRate)
		defer leave()
		s := shipment{Activities: a, in: in, from: from, to: to, image: image, limit: limit}
		if have, err = s.run(ctx); err != nil {
			return result, failing.On(in.Host, err)
		}
		result.Transferred.SentBytes, result.Note = s.sent, s.note
	}
	have.Ref, have.Layers, have.Tags = image.Ref, nil, nil
	result.Image = have
	return result, nil
}

// source answers the image on the builder.
func source(ctx context.Context, from host.Host, in activities.TransferInput) (app.Image, error) {
	ref := in.Image.Ref
	image, err := from.Engine().ImageInspect(ctx, ref)
	if errors.Is(err, host.ErrNotFound) {
		return app.Image{}, failing.With(app.Failure{
			Kind: app.KindMissing, Host: in.Builder.Name, Service: in.Service,
			Message: "the image " + ref + " is no longer on the builder",
			Advice:  "Deploy again.",
		}, nil)
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
