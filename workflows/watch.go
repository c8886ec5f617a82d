package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// vigil is one watch over the release on a host: over all services that ask for the same.
type vigil struct {
	watch    app.Watch
	services []activities.WatchedService
	// requests says that one of the services is routed.
	requests bool
}

// watched says whether a service of the release is watched once it serves. The old release is then kept running, and the
// run is not committed, until that is over.
func (d *deploy) watched() bool {
	return slices.ContainsFunc(d.hosts, func(h *hostRun) bool { return len(d.vigils(h, 0)) > 0 })
}

// vigils are the watches over a host: of what is new there, and of the requests to what is routed. A canary's step is
// watched for as long as it says itself; 0 leaves that to each service.
func (d *deploy) vigils(h *hostRun, step time.Duration) []*vigil {
	if d.stopped {
		return nil
	}
	var out []*vigil
	for _, c := range h.plan.Changes {
		s := d.in.Spec.Service(c.Service)
		isNew := c.Action == app.Create || c.Action == app.Replace || c.Action == app.Refresh
		if c.Action == app.Remove || s.OneShot || (!isNew && !s.Routed()) {
			continue
		}
		setting := s.Watch
		if step > 0 {
			setting.For = step
		}
		if setting.For <= 0 {
			continue
		}
		i := slices.IndexFunc(out, func(v *vigil) bool { return v.watch == setting })
		if i < 0 {
			out = append(out, &vigil{watch: setting})
			i = len(out) - 1
		}
		v := out[i]
		v.requests = v.requests || s.Routed()
		if started, ok := h.started[s.Name]; ok && isNew {
			v.services = append(v.services, activities.WatchedService{
				Service: s.Name, Health: s.Health, Containers: started.Names, Addresses: started.Addresses,
				Restarts: h.restarts[s.Name], Secrets: d.in.Spec.SecretsOf(s),
			})
		}
	}
	return out
}

// watchServing records the new release as the current one, and watches it serve. Until it has proved well, it can be
// returned from.
func (d *deploy) watchServing(ctx workflow.Context) error {
	if !d.watched() {
		return nil
	}
	if err := d.recordWatched(ctx); err != nil {
		return err
	}
	d.report.phase(ctx, "watch it serve")
	return d.keepVigil(ctx, 0)
}

// recordWatched is before the watch: with the engine's database lost in between, the host still knows what serves.
func (d *deploy) recordWatched(ctx workflow.Context) error {
	d.report.phase(ctx, "record")
	d.switchedAt, d.recordedEarly = workflow.Now(ctx), true
	return d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		return d.orUnsettled(h, d.record(ctx, h, false))
	})
}

// orUnsettled keeps what says nothing of the release, such as that its host cannot be reached, for the run's result. The
// other hosts go on: where the new release serves, and is well, it stays.
func (d *deploy) orUnsettled(h *hostRun, err error) error {
	if err == nil || failureOf(err).Kind != app.KindUnreachable {
		return err
	}
	h.unsettled = err
	return nil
}

// pushReturn has a run that fails once its release serves make the one before the current one of a host's records again.
// It is pushed before what switches the traffic back, and so comes after it: where the traffic stays with the new release,
// the records do as well.
func (d *deploy) pushReturn(h *hostRun) {
	in := activities.ReturnInput{Target: h.target(d.in.Spec.Site), From: d.plan.Release}
	if h.observed.Current != nil {
		in.To = h.observed.Current.ID
	}
	d.undo.push(h.host.Name, "the record that "+d.plan.Release+" is the current release", func(ctx workflow.Context) error {
		if h.stuck {
			return nil // what could not be switched back is told of already
		}
		in.Why = d.why
		if _, err := activities.Return.Undo(ctx, in); err != nil || !h.observed.Stopped {
			return err
		}
		_, err := activities.MarkStopped.Undo(ctx, activities.StopSiteInput{Target: in.Target, Stopped: true})
		return err
	})
}

// keepVigil watches the release on all hosts for as long as each service asks, or for a canary's step. It fails where the
// traffic has to go back.
func (d *deploy) keepVigil(ctx workflow.Context, step time.Duration) error {
	begun := workflow.Now(ctx)
	err := d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		if h.unsettled != nil || (step > 0 && !d.canShare(h)) {
			return nil
		}
		return together(ctx, d.vigils(h, step), func(ctx workflow.Context, v *vigil) error {
			err := d.keepOne(ctx, h, v, begun)
			if step > 0 {
				return err
			}
			return d.orUnsettled(h, err)
		})
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	return d.judge(ctx, err, step > 0)
}

// keepOne is one watch. What it says of the release is a verdict, unless the service only wants to be told.
func (d *deploy) keepOne(ctx workflow.Context, h *hostRun, v *vigil, begun time.Time) error {
	_, err := activities.Watch.Run(ctx, activities.WatchInput{
		Target: h.target(d.in.Spec.Site), Release: d.plan.Release, Services: v.services,
		Until: begun.Add(v.watch.For), For: v.watch.For, Requests: v.requests, MaxFailureRatio: v.watch.MaxFailureRatio,
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	err = failed("watch", h.host, "", err)
	switch failureOf(err).Kind {
	case app.KindExited, app.KindMissing, app.KindUnhealthy, app.KindFailing:
	default:
		return err
	}
	if v.watch.Action == app.WatchContinue {
		d.note(h.host.Name + ": " + failureOf(err).Message + ". The release stays, as failure_action is " + app.WatchContinue + ".")
		return nil
	}
	return &verdict{error: err, pause: v.watch.Action == app.WatchPause}
}
