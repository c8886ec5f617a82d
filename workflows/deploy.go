package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// Deploy brings a site to a spec on all its hosts, or leaves it as it was. It answers how it ended; every outcome but
// succeeded and unchanged is also the workflow's failure, with the same result as its detail.
func Deploy(ctx workflow.Context, in DeployInput) (app.Result, error) {
	d := newDeploy(ctx, app.RunDeploy, in)
	err := d.run(ctx)
	return d.end(ctx, err)
}

// deploy is one run's state. It is only touched by the workflow's own coroutines.
type deploy struct {
	kind app.RunKind
	in   DeployInput
	// recorded is what the run repeats; nil for a deploy from files.
	recorded *recordedRun
	hosts    []*hostRun
	plan     app.Plan
	undo     compensation
	report   *report
	result   app.Result
	// committed says that every host has switched and was proven: from then on the run only goes forward.
	committed bool
	// queue is the builder's task queue; empty until one is picked.
	queue string
}

// hostRun is one host's part of a run.
type hostRun struct {
	host     app.Host
	observed app.Observed
	plan     app.HostPlan
	fence    app.Fence
	images   map[string]app.Image          // by service
	started  map[string]activities.Started // new containers by service
	sent     app.Transferred
	switched bool
	// unsettled is what kept the host from its end after the switch.
	unsettled error
}

func (h *hostRun) target(site app.Site) activities.Target {
	return activities.Target{Host: h.host, Site: site, Fence: h.fence}
}

// recordedRun is a release of the hosts' records that a run brings again, in containers of a release of its own.
type recordedRun struct {
	// of is the release whose spec and images it has: their origin.
	of string
	// force are the services that get new containers though nothing about them changes.
	force []string
	// images has every host hold the images of what changes, in the place of building, transfers and pulls.
	images func(workflow.Context) error
	// leaves says that the release before is one to stay away from: it is marked as returned from when the run succeeds.
	leaves bool
}

// newDeploy is a run of a kind on the deploy's path. The spec's hosts are the run's; all else of the spec may be set
// until run begins.
func newDeploy(ctx workflow.Context, kind app.RunKind, in DeployInput) *deploy {
	d := &deploy{kind: kind, in: in, report: newReport(ctx), result: app.Result{Kind: kind, Site: in.Spec.Site.String()}}
	for _, h := range in.Spec.Hosts {
		d.hosts = append(d.hosts, &hostRun{host: h, images: map[string]app.Image{}, started: map[string]activities.Started{}})
	}
	return d
}

// run is the deploy from top to bottom. What it changes before the switch, it has put on the undo stack first.
func (d *deploy) run(ctx workflow.Context) error {
	if err := d.observe(ctx); err != nil {
		return err
	}
	if d.decide(ctx); d.plan.Unchanged {
		return nil
	}
	if err := d.preflight(ctx); err != nil {
		return err
	}
	if err := d.takeFences(ctx); err != nil {
		return err
	}
	if err := d.makeImages(ctx); err != nil {
		return err
	}
	// Only now is it known which images really differ: a new commit may have changed nothing that runs.
	if d.decide(ctx); d.plan.Unchanged {
		return d.undo.run(ctx)
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.startServices(ctx); err != nil {
		return err
	}
	if err := d.watchStable(ctx); err != nil {
		return err
	}
	if err := d.switchTraffic(ctx); err != nil {
		return err
	}
	d.committed = true
	// A cancel that comes now is too late: half-way back would be worse than the short rest of the way.
	forward, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	return d.settle(forward)
}

// observe reads every host at once.
func (d *deploy) observe(ctx workflow.Context) error {
	d.report.phase(ctx, "observe")
	return d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		observed, err := activities.Observe.Run(ctx, observeInput(d.in.Spec, h.host))
		h.observed = observed
		return failed("observe", h.host, "", err)
	})
}

// decide makes the plan from what is known by now. The plan is kept in the history, so that a newer planner does not
// change a run that is under way.
func (d *deploy) decide(ctx workflow.Context) {
	d.report.phase(ctx, "plan")
	d.plan = recordedPlan(ctx, d.desired(), d.observations())
	for i, h := range d.hosts {
		h.plan = d.plan.Hosts[i]
	}
	d.result.Release, d.result.Previous = d.plan.Release, d.plan.Previous
	d.report.planned(ctx, d.plan)
}

// desired is what the hosts should become, as far as it is known by now.
func (d *deploy) desired() planner.Desired {
	desired := planner.Desired{Spec: d.in.Spec, Images: map[string]map[string]app.Image{}}
	for _, h := range d.hosts {
		desired.Images[h.host.Name] = h.images
	}
	if d.recorded != nil {
		desired.Recorded, desired.Force = true, d.recorded.force
	}
	return desired
}

// preflight fails the run where the plan cannot work.
func (d *deploy) preflight(ctx workflow.Context) error {
	d.report.phase(ctx, "preflight")
	return joined(planner.Preflight(d.in.Spec, d.plan, d.observations()))
}

// takeFences makes this run the only one that may change the site.
func (d *deploy) takeFences(ctx workflow.Context) error {
	d.report.phase(ctx, "take the fence")
	run := workflow.GetInfo(ctx).WorkflowExecution.RunID
	return d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		fence, err := activities.TakeFence.Run(ctx, activities.TakeFenceInput{
			Host: h.host, Site: d.in.Spec.Site, RunID: run, AtLeast: d.in.Fence,
		})
		h.fence = fence
		return failed("take the fence", h.host, "", err)
	})
}

func (d *deploy) observations() []app.Observed {
	var out []app.Observed
	for _, h := range d.hosts {
		out = append(out, h.observed)
	}
	return out
}

// onHosts runs f for every host at once, and waits for all. The first failure cancels the others.
func (d *deploy) onHosts(ctx workflow.Context, f func(workflow.Context, *hostRun) error) error {
	return together(ctx, d.hosts, f)
}
