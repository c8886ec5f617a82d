package transfer

import (
	"context"
	"errors"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Reuse implements activities.Reuse. The image is found by its id alone: a name may have moved to another image since.
func (a Activities) Reuse(ctx context.Context, in activities.ReuseInput) (app.Image, error) {
	var out app.Image
	err := fence.Change(ctx, a.hosts, in.Target, func(ctx context.Context, h host.Host) error {
		have, err := h.Engine().ImageInspect(ctx, in.Image.ID)
		if errors.Is(err, host.ErrNotFound) {
			return failing.With(app.Failure{
				Kind: app.KindPruned, Host: in.Host.Name, Service: in.Service,
				Message: in.Host.Name + " no longer has the image that " + in.Service + " ran (" + in.Image.Ref + ")",
				Advice:  "Choose another release (longshore releases), or deploy the source again.",
			}, nil)
		}
		if err != nil {
			return err
		}
		if in.Ref != "" {
			if err := h.Engine().ImageTag(ctx, in.Image.ID, in.Ref); err != nil {
				return err
			}
		}
		out = in.Image
		out.OS, out.Architecture, out.Size = have.OS, have.Architecture, have.Size
		if in.Ref != "" {
			out.Ref = in.Ref
		}
		return nil
	})
	return out, err
}
