package edge

import (
	"context"
	"errors"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/host"
)

// Switch implements activities.Switch and activities.SwitchBack.
func (a Activities) Switch(ctx context.Context, in activities.SwitchInput) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		client := ClientOf(h)
		if over, err := canaryIsOver(ctx, client, in); err != nil || over {
			return err
		}
		if err := allRun(ctx, h, in); err != nil {
			return err
		}
		return change(ctx, client, in)
	})
}

// changeWithin bounds a change of the edge's table that is not given up with its caller.
const changeWithin = 15 * time.Second

// change has the edge take the table. A request that is cancelled on its way may be carried out all the same, a moment
// later than the switch back that follows: once it is sent, its answer is waited for.
func change(ctx context.Context, client *edge.Client, in activities.SwitchInput) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeWithin)
	defer cancel()
	if len(in.Table.Routes) == 0 {
		_, err := client.Delete(ctx, in.Site.String(), in.Table.Fence)
		return err
	}
	_, err := client.Put(ctx, in.Table)
	return err
}

// canaryIsOver says whether a step of a canary comes after its release got all of the traffic: a run that was reset finds
// its own work, and takes nothing of it back.
func canaryIsOver(ctx context.Context, client *edge.Client, in activities.SwitchInput) (bool, error) {
	if in.Table.Canary == nil {
		return false, nil
	}
	status, err := client.Status(ctx)
	if err != nil {
		return false, err
	}
	table, ok := status.Table(in.Site)
	return ok && table.Release == in.Table.Canary.Release, nil
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
