package workflows

import (
	"slices"
	"strconv"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// switchTraffic sends the traffic of every host to the new release, at once or step by step, and proves it. Where one
// host fails, all that have switched go back.
func (d *deploy) switchTraffic(ctx workflow.Context) error {
	if err := d.shift(ctx); err != nil {
		return err
	}
	d.report.phase(ctx, "switch")
	err := d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		if h.plan.Table == nil {
			d.pushBack(h)
			return nil
		}
		in := d.switchInput(h)
		d.pushBack(h)
		if _, err := activities.Switch.Run(ctx, in); err != nil {
			return failed("switch", h.host, "", err)
		}
		h.switched, h.exposed = true, true
		if len(in.Table.Routes) == 0 {
			return nil
		}
		_, err := activities.Prove.Run(ctx, activities.ProveInput{Target: in.Target, Table: in.Table})
		return failed("prove", h.host, "", err)
	})
	d.allSwitched = err == nil
	return err
}

// switchInput fills the addresses of the host's containers into its table.
func (d *deploy) switchInput(h *hostRun) activities.SwitchInput {
	in := activities.SwitchInput{Target: h.target(d.in.Spec.Site), Table: *h.plan.Table}
	in.Table.Fence = h.fence.Number
	in.Table.Routes = nil
	for _, r := range h.plan.Table.Routes {
		names, addresses := h.replicas(r.Service)
		r.Upstreams = nil
		for _, a := range addresses {
			r.Upstreams = append(r.Upstreams, a+":"+strconv.Itoa(r.Route.Port))
		}
		in.Table.Routes = append(in.Table.Routes, r)
		in.Containers = append(in.Containers, names...)
	}
	return in
}

// replicas are the containers of a service that serve after the switch: the new ones, or those that are kept.
func (h *hostRun) replicas(service string) (names, addresses []string) {
	if started, ok := h.started[service]; ok {
		return started.Names, started.Addresses
	}
	network := ""
	for _, n := range h.plan.Networks {
		if n.Key == app.DefaultNetwork {
			network = n.Name
		}
	}
	for _, c := range h.observed.Containers {
		if c.Labels[app.LabelRole] == app.RoleService && c.Labels[app.LabelService] == service {
			names = append(names, c.Name)
			addresses = append(addresses, c.Addresses[network])
		}
	}
	return names, addresses
}

// pushBack has a failed run put the host's table, and then its records, back as they were observed.
func (d *deploy) pushBack(h *hostRun) {
	if h.backPushed {
		return // by a canary's first step
	}
	h.backPushed = true
	if d.watched() {
		d.pushReturn(h)
	}
	if h.plan.Table == nil {
		return
	}
	in := d.backInput(h)
	d.undo.push(h.host.Name, "the edge's routes", func(ctx workflow.Context) error {
		_, err := activities.SwitchBack.Undo(ctx, in)
		h.stuck = err != nil
		h.switched = h.switched && h.stuck
		if err == nil && h.exposed {
			d.drainNew(ctx, h)
		}
		return err
	})
}

// drainNew lets the new containers of a failed run finish the requests that they were sent. What is still open then is
// cut with them: to keep them would not help it.
func (d *deploy) drainNew(ctx workflow.Context, h *hostRun) {
	var drain time.Duration
	for _, c := range h.changing() {
		if s := d.in.Spec.Service(c.Service); s.Routed() {
			drain = max(drain, s.Drain)
		}
	}
	in := activities.DrainInput{Target: h.target(d.in.Spec.Site), Release: d.plan.Release, Until: workflow.Now(ctx).Add(drain), Drain: drain}
	if _, err := activities.Drain.Undo(ctx, in); err != nil {
		workflow.GetLogger(ctx).Warn("drain what is taken back", "host", h.host.Name, "error", err)
	}
}

// observedTable is the site's table in the host's edge, as observed.
func (d *deploy) observedTable(h *hostRun) (app.EdgeTable, bool) {
	if h.observed.Edge == nil {
		return app.EdgeTable{}, false
	}
	return h.observed.Edge.Table(d.in.Spec.Site)
}

// backInput switches to the table that was observed.
func (d *deploy) backInput(h *hostRun) activities.SwitchInput {
	in := activities.SwitchInput{Target: h.target(d.in.Spec.Site), Table: app.EdgeTable{Site: d.in.Spec.Site.String()}}
	if table, ok := d.observedTable(h); ok {
		in.Table = table
		in.Table.Canary = nil // of a run that was ended half-way
		for _, r := range table.Routes {
			in.Containers = append(in.Containers, h.running(r.Service)...)
		}
	}
	in.Table.Fence = h.fence.Number
	return in
}

// running are the containers of a service as observed.
func (h *hostRun) running(service string) []string {
	var out []string
	for _, c := range h.observed.Containers {
		if c.Labels[app.LabelRole] == app.RoleService && c.Labels[app.LabelService] == service && c.Running() {
			out = append(out, c.Name)
		}
	}
	return out
}

// settle records the new release, where that is not done yet, and retires the old, on each host as far as it can: the new
// release serves, so what goes wrong on one host keeps no other from its end. Nothing of it can bring the old one back.
func (d *deploy) settle(ctx workflow.Context) error {
	if !d.recordedEarly {
		d.report.phase(ctx, "record")
		d.switchedAt = workflow.Now(ctx)
		d.onward(ctx, func(ctx workflow.Context, h *hostRun) error { return d.record(ctx, h, true) })
	}
	d.report.phase(ctx, "drain")
	d.onward(ctx, d.retire)
	d.mark(ctx)
	d.report.phase(ctx, "prune")
	d.onward(ctx, func(ctx workflow.Context, h *hostRun) error {
		_, err := activities.Prune.Run(ctx, activities.PruneInput{Target: h.target(d.in.Spec.Site), Keep: d.keep()})
		return failed("prune", h.host, "", err)
	})
	first := d.pruneBuilds(ctx, d.keep())
	for _, h := range slices.Backward(d.hosts) {
		if h.unsettled != nil {
			first = h.unsettled
		}
	}
	return first
}

// record makes the new release a host's current one.
func (d *deploy) record(ctx workflow.Context, h *hostRun, stable bool) error {
	_, err := activities.Record.Run(ctx, activities.RecordInput{Target: h.target(d.in.Spec.Site), Release: d.release(ctx, h), Stable: stable})
	if err == nil && d.stopped {
		_, err = activities.MarkStopped.Run(ctx, activities.StopSiteInput{Target: h.target(d.in.Spec.Site), Stopped: true})
	}
	return failed("record", h.host, "", err)
}

// mark keeps what became of the releases: the new one was watched and is well, and the old one may be one to stay away
// from.
func (d *deploy) mark(ctx workflow.Context) {
	if d.recordedEarly && d.kept == nil {
		d.report.phase(ctx, "mark as stable")
		d.onward(ctx, func(ctx workflow.Context, h *hostRun) error {
			_, err := activities.Mark.Run(ctx, activities.MarkInput{
				Target: h.target(d.in.Spec.Site), Release: d.plan.Release, Mark: app.ReleaseMark{Stable: true, At: workflow.Now(ctx)},
			})
			return failed("mark", h.host, "", err)
		})
	}
	if d.recorded == nil || !d.recorded.leaves {
		return
	}
	why := "left by the " + string(d.kind) + " to " + d.recorded.of
	d.onward(ctx, func(ctx workflow.Context, h *hostRun) error {
		if h.observed.Current == nil || h.observed.Current.ID == d.plan.Release {
			return nil
		}
		_, err := activities.Mark.Run(ctx, activities.MarkInput{
			Target: h.target(d.in.Spec.Site), Release: h.observed.Current.ID,
			Mark: app.ReleaseMark{Returned: true, Why: why, At: workflow.Now(ctx)},
		})
		return failed("mark", h.host, "", err)
	})
}

// onward runs f at once for every host that has come this far, and waits for all. None cancels another.
func (d *deploy) onward(ctx workflow.Context, f func(workflow.Context, *hostRun) error) {
	group := workflow.NewWaitGroup(ctx)
	for _, h := range d.hosts {
		if h.unsettled != nil {
			continue
		}
		group.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer group.Done()
			h.unsettled = f(ctx, h)
		})
	}
	group.Wait(ctx)
}

// pruneBuilds keeps the builder's engine from filling up, where it is none of the site's hosts.
func (d *deploy) pruneBuilds(ctx workflow.Context, keep int) error {
	builder := d.builder()
	if d.queue == "" || slices.ContainsFunc(d.in.Spec.Hosts, func(h app.Host) bool { return h.Name == builder.Name }) {
		return nil
	}
	_, err := activities.PruneBuilds.RunOn(ctx, d.queue, activities.PruneBuildsInput{Host: builder, Site: d.in.Spec.Site, Keep: keep})
	if activities.WorkerLost(err) {
		return nil // its engine went with it
	}
	return failed("prune the builder", builder, "", err)
}

// retire lets the old containers of a host finish their requests, and removes them.
func (d *deploy) retire(ctx workflow.Context, h *hostRun) error {
	old := activities.ContainersInput{Target: h.target(d.in.Spec.Site), Service: "old containers"}
	var drain time.Duration
	var routed bool
	for _, c := range h.plan.Changes {
		if c.Action != app.Replace && c.Action != app.Remove {
			continue
		}
		s := d.in.Spec.Service(c.Service)
		if c.Routed {
			drain, routed = max(drain, drainOf(s)), true
		}
		for _, name := range c.Old {
			old.Names = append(old.Names, name+d.aside(s, c))
		}
	}
	if len(old.Names) == 0 {
		return nil
	}
	if previous := d.servedBefore(h); routed && previous != "" && previous != d.plan.Release {
		in := activities.DrainInput{Target: h.target(d.in.Spec.Site), Release: previous, Until: d.switchedAt.Add(drain), Drain: drain}
		if _, err := activities.Drain.Run(ctx, in); err != nil {
			return failed("drain", h.host, "", err)
		}
	}
	if _, err := activities.Stop.Run(ctx, activities.ContainersInput{Target: old.Target, Service: "release", Names: old.Names}); err != nil {
		return failed("stop the old", h.host, "", err)
	}
	_, err := activities.Remove.Run(ctx, old)
	return failed("remove the old", h.host, "", err)
}

// drainOf is how long a service's old containers may finish their requests. One that has lost its routes says no more
// how long that is.
func drainOf(s app.Service) time.Duration {
	if !s.Routed() {
		return app.DefaultDrain
	}
	return s.Drain
}

// servedBefore is the release that the host's edge had before the switch.
func (d *deploy) servedBefore(h *hostRun) string {
	table, _ := d.observedTable(h)
	return table.Release
}

// release is the record of this deploy on a host.
func (d *deploy) release(ctx workflow.Context, h *hostRun) app.Release {
	info := workflow.GetInfo(ctx)
	r := app.Release{
		ID: d.plan.Release, Number: d.plan.Number, Spec: d.in.Spec,
		Images: map[string]app.Image{}, Configs: map[string]string{},
		At: workflow.Now(ctx), By: d.in.By, Why: d.in.Why, RunID: info.WorkflowExecution.RunID, Fence: h.fence.Number,
		OriginalRunID: info.OriginalRunID,
		Kind:          d.kind, Behind: d.behindNames(),
	}
	if d.in.BrokeFreeze {
		r.Why = joinAdvice(r.Why, "(in spite of a freeze)")
	}
	if d.recorded != nil {
		r.Of = d.recorded.of
	}
	for _, s := range d.in.Spec.Services {
		r.Images[s.Name] = h.image(s)
		r.Configs[s.Name] = planner.ConfigHash(s)
	}
	return r
}

// image is what a service runs on the host after the deploy.
func (h *hostRun) image(s app.Service) app.Image {
	if image, ok := h.images[s.Name]; ok {
		return image
	}
	for _, c := range h.observed.Containers {
		if c.Labels[app.LabelRole] == app.RoleService && c.Labels[app.LabelService] == s.Name {
			image := h.runs(s, c)
			if r := h.observed.Current; image.RepoDigest == "" && r != nil && r.ImageIDs[s.Name] == c.ImageID {
				image.RepoDigest = r.Digests[s.Name]
			}
			return image
		}
	}
	return app.Image{Ref: s.Container.Image}
}

func (d *deploy) keep() int {
	if d.in.Spec.Keep == 0 {
		return app.DefaultKeep
	}
	return d.in.Spec.Keep
}
