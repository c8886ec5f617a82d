package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// leaveWithin bounds the undoing on a host that is left behind: it could not be reached a moment ago.
const leaveWithin = 15 * time.Second

// onHosts runs f at once for every host that the run goes on with, and waits for all. The first failure cancels the
// others, but for one that leaves its host behind.
func (d *deploy) onHosts(ctx workflow.Context, f func(workflow.Context, *hostRun) error) error {
	err := together(ctx, d.hosts, func(ctx workflow.Context, h *hostRun) error {
		if d.in.AllowPartial && !d.allSwitched {
			ctx = activities.Briefly(ctx)
		}
		err := f(ctx, h)
		if err == nil || ctx.Err() != nil || !d.mayLeave(err) {
			return err
		}
		d.leave(ctx, h, err)
		return nil
	})
	var last error
	d.hosts = slices.DeleteFunc(slices.Clone(d.hosts), func(h *hostRun) bool {
		if h.behind != nil {
			last = h.behind
		}
		return h.behind != nil
	})
	if err == nil && len(d.hosts) == 0 {
		return last // there is nobody to go on with
	}
	return err
}

// mayLeave says whether the run may go on without the host that an error is of.
func (d *deploy) mayLeave(err error) bool {
	return d.in.AllowPartial && !d.allSwitched && failureOf(err).Kind == app.KindUnreachable
}

// leave goes on without a host. What the run did there is undone as far as the host can be reached, beside everything
// else; what is not is put in order by the run that the host gets when it is back.
func (d *deploy) leave(ctx workflow.Context, h *hostRun, err error) {
	h.behind = err
	d.note(h.host.Name + " was left behind: " + failureOf(err).Message)
	stack := d.undo.take(h.host.Name)
	if len(stack) == 0 {
		return
	}
	ctx, stop := workflow.NewDisconnectedContext(ctx)
	d.leaving.Add(1)
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer d.leaving.Done()
		workflow.Go(ctx, func(ctx workflow.Context) {
			// Ends as well when stop is called, with an error that says no more.
			if workflow.NewTimer(ctx, leaveWithin).Get(ctx, nil) == nil {
				stop()
			}
		})
		h.undone.unwind(ctx, stack)
		stop()
	})
}

// spec is what the run brings, on the hosts that it goes on with.
func (d *deploy) spec() app.Spec {
	spec := d.in.Spec
	spec.Hosts = nil
	for _, h := range d.hosts {
		spec.Hosts = append(spec.Hosts, h.host)
	}
	return spec
}

// behindNames are the hosts that were left behind.
func (d *deploy) behindNames() []string {
	var out []string
	for _, h := range d.all {
		if h.behind != nil {
			out = append(out, h.host.Name)
		}
	}
	return out
}
