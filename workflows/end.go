package workflows

import (
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// end decides the outcome, undoes what a failed run has done, and answers.
func (d *deploy) end(ctx workflow.Context, err error) (app.Result, error) {
	asked := ctx.Err() != nil
	ctx, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	d.leaving.Wait(ctx)
	switch {
	case err == nil && d.kept != nil:
		d.result.Outcome, d.result.Failure = app.FailedDirty, d.kept
	case err == nil:
		d.result.Outcome = d.good()
		if asked && d.committed {
			d.note("The cancel came after the switch: the new release serves. Deploy the older source to go back.")
		}
	case d.committed:
		d.failAfterSwitch(err)
	default:
		d.compensate(ctx, err, asked)
	}
	d.tell(ctx)
	return d.result, runError(d.result)
}

// good is the outcome of a run in which nothing failed.
func (d *deploy) good() app.Outcome {
	if d.plan.Unchanged {
		d.result.Release = d.plan.Previous
	}
	switch {
	case len(d.behindNames()) > 0:
		return app.Partial
	case d.plan.Unchanged:
		return app.Unchanged
	default:
		return app.Succeeded
	}
}

// compensate undoes a run that has not reached its switch on every host. One that was asked to end is cancelled,
// whatever its steps made of that.
func (d *deploy) compensate(ctx workflow.Context, err error, asked bool) {
	d.report.phase(ctx, "undo")
	d.why = failureOf(err).Message
	if asked || temporal.IsCanceledError(err) {
		d.why = "the run was cancelled"
	}
	undone := d.undo.run(ctx)
	for _, h := range d.all {
		d.undo.merge(h.undone)
		undone = d.undo.failed
	}
	d.result.Outcome = app.FailedClean
	if isRefusal(err) {
		d.result.Outcome = app.Refused
	}
	if asked || temporal.IsCanceledError(err) {
		d.result.Outcome = app.Cancelled
	} else {
		f := failureOf(err)
		d.result.Failure = &f
		d.tellReturn(err)
	}
	if undone == nil {
		return
	}
	d.result.Outcome = app.FailedDirty
	if d.result.Failure == nil {
		d.result.Failure = &app.Failure{Kind: app.KindInternal, Step: "undo", Message: "the run was cancelled, and not all could be undone"}
	}
	d.result.Failure.Left = d.undo.left
	d.result.Failure.Advice = joinAdvice(d.result.Failure.Advice,
		"What is left is found by the next deploy, which takes it away. The cause: "+failureOf(undone).Message)
}

// tellReturn says of a release that was found unwell that the traffic is back with the one before.
func (d *deploy) tellReturn(err error) {
	stuck := slices.ContainsFunc(d.all, func(h *hostRun) bool { return h.stuck })
	if !isVerdict(err) || stuck {
		return
	}
	d.result.Returned = true
	back := "The traffic is back with " + d.plan.Previous + "."
	if d.plan.Previous == "" {
		back = "It was the first release, and is taken away again."
	}
	d.result.Failure.Advice = joinAdvice(back, d.result.Failure.Advice)
}

// failAfterSwitch tells of a run whose new release serves, but which could not finish.
func (d *deploy) failAfterSwitch(err error) {
	f := failureOf(err)
	for _, h := range d.hosts {
		if h.unsettled != nil {
			f.Left = append(f.Left, h.host.Name+": "+d.rest())
		}
	}
	if len(f.Left) == 0 {
		f.Left = []string{"builder: images of older releases"}
	}
	f.Advice = joinAdvice(f.Advice, "The new release serves on every host. Deploy again to finish what is left.")
	d.result.Outcome, d.result.Failure = app.FailedDirty, &f
}

// rest is what a host has more than it should, or less, where a run could not settle.
func (d *deploy) rest() string {
	if d.plan.Previous == "" {
		return "the record of " + d.plan.Release
	}
	return "containers or images of " + d.plan.Previous
}

func joinAdvice(first, second string) string {
	if first == "" {
		return second
	}
	return first + " " + second
}

// tell completes the result and shows it.
func (d *deploy) tell(ctx workflow.Context) {
	for _, h := range d.all {
		serves := planner.Serving(d.in.Spec.Site, h.observed)
		if h.switched || (d.committed && h.behind == nil) {
			serves = d.plan.Release
		}
		d.result.Hosts = append(d.result.Hosts, app.HostResult{Host: h.host.Name, Release: serves, Transfer: h.sent})
		d.result.Transfer = d.result.Transfer.Add(h.sent)
		d.result.Fence = max(d.result.Fence, h.fence.Number)
	}
	if d.recorded != nil {
		d.result.Of = d.recorded.of
	}
	d.result.Behind = d.behindNames()
	switch d.result.Outcome {
	case app.Succeeded, app.Unchanged, app.Partial:
		d.result.URLs = d.urls()
	}
	d.result.DurationMS = workflow.Now(ctx).Sub(d.report.started).Milliseconds()
	d.report.ended(ctx, d.result)
}

// runError is the workflow's own error for a result, which carries it: the web UI shows a failed run as failed, and the
// CLI reads the result from either.
func runError(result app.Result) error {
	switch result.Outcome {
	case app.Succeeded, app.Unchanged, app.Partial:
		return nil
	case app.Cancelled:
		return temporal.NewCanceledError(result)
	default:
		message := string(result.Outcome)
		if f := result.Failure; f != nil {
			message += ": " + f.Message
		}
		return temporal.NewNonRetryableApplicationError(message, string(result.Outcome), nil, result)
	}
}

// urls are where the release is served.
func (d *deploy) urls() []string {
	var out []string
	for _, h := range d.hosts {
		if h.plan.Table == nil {
			continue
		}
		for _, r := range h.plan.Table.Routes {
			for _, url := range planner.RouteURLs(h.host, r.Route) {
				if !slices.Contains(out, url) {
					out = append(out, url)
				}
			}
		}
	}
	return out
}
