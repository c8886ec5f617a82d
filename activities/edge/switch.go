package edge

import (
	"context"
	"errors"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Switch implements activities.Switch and activities.SwitchBack.
func (a Activities) Switch(ctx context.Context, in activities.SwitchInput) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		if err := allRun(ctx, h, in); err != nil {
			return err
		}
		client := ClientOf(h)
		if len(in.Table.Routes) == 0 {
			_, err := client.Delete(ctx, in.Site.String(), in.Table.Fence)
			return err
		}
		_, err := client.Put(ctx, in.Table)
		return err
	})
}

// allRun fails unless every container that the table leads to runs: a run that was reset may have lost them since.
func allRun(ctx context.Context, h host.Host, in activities.SwitchInput) error {
	for _, name := range in.Containers {
		c, err := h.Engine().ContainerInspect(ctx, name)
		if err != nil && !errors.Is(err, host.ErrNotFound) {
			return err
		}
		if err != nil || !c.Running() {
			if err := host.Stopping(ctx, h); err != nil {
				return err
			}
			return failing.With(app.Failure{
				Kind: app.KindMissing, Host: in.Host.Name, Message: "the container " + name + " does not run, so nothing was switched to it",
				Advice: "Deploy again.",
			}, nil)
		}
	}
	return nil
}
