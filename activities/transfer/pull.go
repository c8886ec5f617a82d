package transfer

import (
	"context"
	"errors"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Pull implements activities.Pull. Only pull_policy "always" asks the registry for an image that the host holds.
func (a Activities) Pull(ctx context.Context, in activities.PullInput) (app.Image, error) {
	h, err := a.hosts.Open(ctx, in.Host)
	if err != nil {
		return app.Image{}, failing.On(in.Host, err)
	}
	image, err := h.Engine().ImageInspect(ctx, in.Ref)
	if err != nil && !errors.Is(err, host.ErrNotFound) {
		return app.Image{}, failing.On(in.Host, err)
	}
	if missing := err != nil; missing || in.Policy == "always" {
		if in.Policy == "never" {
			return app.Image{}, failing.With(app.Failure{
				Kind: app.KindMissing, Host: in.Host.Name, Service: in.Service,
				Message: "the image " + in.Ref + " is not on " + in.Host.Name + ", and pull_policy is never",
				Advice:  "Load the image on the host, or set another pull_policy.",
			}, nil)
		}
		if err := pull(ctx, h, in); err != nil {
			return app.Image{}, err
		}
		if image, err = h.Engine().ImageInspect(ctx, in.Ref); err != nil {
			return app.Image{}, failing.On(in.Host, err)
		}
	}
	image.Ref, image.Layers, image.Tags = in.Ref, nil, nil
	return image, nil
}

func pull(ctx context.Context, h host.Host, in activities.PullInput) error {
	err := h.Engine().ImagePull(ctx, in.Ref, in.Platform, func(current, total int64) {
		heartbeat.Report(ctx, activities.Beat{Done: current, Total: total, Unit: "bytes", Note: in.Service})
	})
	if err == nil || errors.Is(err, host.ErrUnreachable) || errors.Is(err, context.Canceled) {
		return failing.On(in.Host, err)
	}
	return failing.With(app.Failure{
		Kind: app.KindPull, Host: in.Host.Name, Service: in.Service,
		Message: in.Host.Name + " cannot pull " + in.Ref + ": " + err.Error(),
		Advice:  "Check the image's name, and that the host reaches its registry. Without a way there, x-longshore.transfer: push carries it from the worker.",
	}, nil)
}
