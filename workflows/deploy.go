package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// Deploy brings a site to a spec on all its hosts, or leaves it as it was. It answers how it ended; every outcome but
// succeeded and unchanged is also the workflow's failure, with the same result as its detail.
func Deploy(ctx workflow.Context, in DeployInput) (app.Result, error) {
	d := newDeploy(ctx, app.RunDeploy, in)
	err := d.resolveSecrets(ctx)
	if err == nil {
		err = d.run(ctx)
	}
	return d.end(ctx, err)
}

// deploy is one run's state. It is only touched by the workflow's own coroutines.
type deploy struct {
	kind app.RunKind
	in   DeployInput
	// recorded is what the run repeats; nil for a deploy from files.
	recorded *recordedRun
	// all are the run's hosts, and hosts those of them that it goes on with.
	all, hosts []*hostRun
	plan       app.Plan
	// stopped says that the site is stopped and stays so: all that comes of the run is a record.
	stopped bool
	undo    compensation
	report  *report
	result  app.Result
	// allSwitched says that every host has switched and was proven: from then on none is left behind.
	allSwitched bool
	switchedAt  time.Time
	// recordedEarly says that the release was recorded before it was watched.
	recordedEarly bool
	// committed says that the new release stays: from then on the run only goes forward.
	committed bool
	// kept is what is wrong with a release that stays all the same; nil where nothing is.
	kept *app.Failure
	// why is the reason that the records give for what is undone.
	why string
	// question is what a person is asked, and answer what was answered.
	question Question
	answer   *answer
	// leaving are the hosts that are being left behind.
	leaving workflow.WaitGroup
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
	started  map[string]activities.Started // by service: new containers, and those with new versions of secrets
	// restarts are, for those that are not new, how often Docker had restarted each before.
	restarts map[string][]int // by service
	sent     app.Transferred
	// exposed says that the new release has had traffic there, and switched that it has all of it.
	exposed, switched bool
	// backPushed says that the way back is on the undo stack, and stuck that it failed.
	backPushed, stuck bool
	// unsettled is what kept the host from its end after the switch.
	unsettled error
	// behind is why the host was left behind, and undone what became of its own undoing; nil where it was not.
	behind error
	undone compensation
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
		d.all = append(d.all, &hostRun{
			host: h, images: map[string]app.Image{}, started: map[string]activities.Started{}, restarts: map[string][]int{},
		})
	}
	d.hosts = d.all
	d.leaving = workflow.NewWaitGroup(ctx)
	d.listen(ctx)
	return d
}

// run is the deploy from top to bottom. What it changes before the switch, it has put on the undo stack first.
func (d *deploy) run(ctx workflow.Context) error {
	if err := d.look(ctx); err != nil || d.plan.Unchanged {
		return err
	}
	if err := d.approve(ctx); err != nil || d.plan.Unchanged {
		return err
	}
	if err := d.takeFences(ctx); err != nil {
		return err
	}
	if d.outdated() {
		if err := d.look(ctx); err != nil || d.plan.Unchanged {
			return err
		}
	}
	if err := d.makeImages(ctx); err != nil {
		return err
	}
	// Only now is it known which images really differ: a new commit may have changed nothing that runs.
	if d.decide(ctx); d.plan.Unchanged {
		return d.undo.run(ctx)
	}
	if !d.stopped {
		if err := d.prepare(ctx); err != nil {
			return err
		}
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
	if err := d.watchServing(ctx); err != nil {
		return err
	}
	d.committed = true
	// A cancel that comes now is too late: half-way back would be worse than the short rest of the way.
	forward, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	return d.settle(forward)
}

// look observes the hosts, plans, and fails where the plan cannot work. It changes nothing.
func (d *deploy) look(ctx workflow.Context) error {
	if err := d.observe(ctx); err != nil {
		return err
	}
	if d.decide(ctx); d.plan.Unchanged {
		return nil
	}
	return d.preflight(ctx)
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
	d.plan = recordedPlan(ctx, d.desired(ctx), d.observations())
	for i, h := range d.hosts {
		h.plan = d.plan.Hosts[i]
	}
	d.result.Release, d.result.Previous = d.plan.Release, d.plan.Previous
	d.report.planned(ctx, d.plan)
}

// desired is what the hosts should become, as far as it is known by now.
func (d *deploy) desired(ctx workflow.Context) planner.Desired {
	desired := planner.Desired{Spec: d.spec(), Images: map[string]map[string]app.Image{}, Number: d.in.Number, Stopped: d.stopped}
	for _, h := range d.hosts {
		desired.Images[h.host.Name] = h.images
	}
	if d.recorded != nil {
		desired.Recorded = true
		if !d.hasServed(ctx) {
			desired.Force = d.recorded.force
		}
	}
	return desired
}

// preflight fails the run where the plan cannot work.
func (d *deploy) preflight(ctx workflow.Context) error {
	d.report.phase(ctx, "preflight")
	return joined(planner.Preflight(d.spec(), d.plan, d.observations()))
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

// outdated says that another run came to some of the hosts after they were observed, and to others before: what they have
// then makes no plan together. It is so for a run that is reset while it observes. One that came to all of them was the
// run itself, which does again what it finds done.
func (d *deploy) outdated() bool {
	n := 0
	for _, h := range d.hosts {
		if h.fence.Before > h.observed.Fence {
			n++
		}
	}
	return n > 0 && n < len(d.hosts)
}

func (d *deploy) observations() []app.Observed {
	var out []app.Observed
	for _, h := range d.hosts {
		out = append(out, h.observed)
	}
	return out
}

// note keeps what a user should know though the run goes on, once.
func (d *deploy) note(text string) {
	if !slices.Contains(d.result.Notes, text) {
		d.result.Notes = append(d.result.Notes, text)
	}
}
