package workflows

import (
	"cmp"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// prepare has every host's edge, networks and volumes ready for the new containers.
func (d *deploy) prepare(ctx workflow.Context) error {
	d.report.phase(ctx, "prepare")
	return d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		if d.needsEdge() {
			if _, err := activities.EnsureEdge.Run(ctx, activities.EnsureEdgeInput{Host: h.host}); err != nil {
				return failed("ensure the edge", h.host, "", err)
			}
		}
		d.pushUnprepare(h)
		_, err := activities.Prepare.Run(ctx, activities.PrepareInput{
			Target: h.target(d.in.Spec.Site), Networks: d.in.Spec.Networks, Volumes: d.in.Spec.Volumes,
		})
		return failed("prepare", h.host, "", err)
	})
}

// needsEdge says whether anything is routed or asked for its health by the edge.
func (d *deploy) needsEdge() bool {
	for _, s := range d.in.Spec.Services {
		if s.Routed() || s.Health.Port != 0 {
			return true
		}
	}
	return false
}

// pushUnprepare has a failed run remove the networks and volumes that only it has made.
func (d *deploy) pushUnprepare(h *hostRun) {
	in := activities.UnprepareInput{Target: h.target(d.in.Spec.Site), Release: d.plan.Release}
	for _, n := range h.plan.Networks {
		if !n.Exists {
			in.Networks = append(in.Networks, n.Name)
		}
	}
	for _, v := range h.plan.Volumes {
		if !v.Exists {
			in.Volumes = append(in.Volumes, v.Name)
		}
	}
	if len(in.Networks)+len(in.Volumes) == 0 {
		return
	}
	d.undo.push(h.host.Name, "new networks and volumes", func(ctx workflow.Context) error {
		_, err := activities.Unprepare.Undo(ctx, in)
		return err
	})
}

// startServices brings up what changes, stage by stage, with the release commands in their place among the stages. A
// stage begins when the one before is healthy on every host.
func (d *deploy) startServices(ctx workflow.Context) error {
	d.report.phase(ctx, "start")
	last := 0
	for _, h := range d.hosts {
		for _, c := range h.plan.Changes {
			last = max(last, c.Stage)
		}
	}
	for stage := 0; stage <= last; stage++ {
		err := d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
			return together(ctx, h.inStage(stage), func(ctx workflow.Context, c app.ServiceChange) error {
				if c.Action == app.Refresh {
					return d.refreshService(ctx, h, c)
				}
				return d.startService(ctx, h, c)
			})
		})
		if err != nil {
			return err
		}
		if stage == d.plan.ReleaseAfter {
			if err := d.runReleaseCommands(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *hostRun) inStage(stage int) []app.ServiceChange {
	var out []app.ServiceChange
	for _, c := range h.touched() {
		if c.Stage == stage {
			out = append(out, c)
		}
	}
	return out
}

// runReleaseCommands runs each command once, on the first host.
func (d *deploy) runReleaseCommands(ctx workflow.Context) error {
	h := d.hosts[0]
	for _, command := range d.plan.ReleaseCommands {
		in := activities.ReleaseCommandInput{StartInput: d.startInput(h, d.in.Spec.Service(command.Service), nil), Command: command}
		d.pushRemoved(h, "the release command of "+command.Service, command.Name)
		if _, err := activities.RunReleaseCommand.Run(ctx, in); err != nil {
			return failed("release command", h.host, command.Service, err)
		}
	}
	return nil
}

// pushRemoved has a failed run remove containers of its own.
func (d *deploy) pushRemoved(h *hostRun, thing string, names ...string) {
	in := activities.ContainersInput{Target: h.target(d.in.Spec.Site), Service: thing, Names: names, Release: d.plan.Release}
	d.undo.push(h.host.Name, thing, func(ctx workflow.Context) error {
		_, err := activities.Remove.Undo(ctx, in)
		return err
	})
}

// startService starts one service's new containers on one host. A routed service starts beside the old one; a plain one
// takes its place, in the order that it asks for.
func (d *deploy) startService(ctx workflow.Context, h *hostRun, c app.ServiceChange) error {
	s := d.in.Spec.Service(c.Service)
	stopFirst := !c.Routed && len(c.Old) > 0 && (c.Order == app.StopFirst || s.Container.FixedName != "")
	d.pushReplaced(h, s, c)
	if stopFirst {
		if err := d.stopOld(ctx, h, s, c); err != nil {
			return err
		}
	}
	started, err := activities.Start.Run(ctx, d.startInput(h, s, c.Start))
	if err != nil {
		return failed("start", h.host, s.Name, err)
	}
	h.started[s.Name] = started
	if _, err := activities.AwaitHealthy.Run(ctx, d.healthInput(h, s, started)); err != nil {
		return failed("health check", h.host, s.Name, err)
	}
	if !c.Routed && !stopFirst && len(c.Old) > 0 {
		return d.stopOld(ctx, h, s, c)
	}
	return nil
}

// defaultGrace is how long Docker waits for a container that says nothing else.
const defaultGrace = 10 * time.Second

// pushReplaced has a failed run put the old containers of a service back in the place of the new.
func (d *deploy) pushReplaced(h *hostRun, s app.Service, c app.ServiceChange) {
	remove := activities.ContainersInput{Target: h.target(d.in.Spec.Site), Service: "new " + s.Name}
	for _, n := range c.Start {
		remove.Names = append(remove.Names, n.Name)
	}
	remove.Release = d.plan.Release
	restore := d.oldContainers(h, s, c)
	restore.Idle = h.idle(c.Old)
	d.undo.push(h.host.Name, "containers of "+s.Name, func(ctx workflow.Context) error {
		if h.exposed { // what has served ends in order
			remove.Grace = cmp.Or(s.Container.StopGrace, defaultGrace)
		}
		if _, err := activities.Remove.Undo(ctx, remove); err != nil {
			return err
		}
		if c.Routed || len(c.Old) == 0 {
			return nil
		}
		_, err := activities.Restore.Undo(ctx, restore)
		return err
	})
}

func (d *deploy) stopOld(ctx workflow.Context, h *hostRun, s app.Service, c app.ServiceChange) error {
	_, err := activities.Stop.Run(ctx, d.oldContainers(h, s, c))
	return failed("stop the old", h.host, s.Name, err)
}

func (d *deploy) oldContainers(h *hostRun, s app.Service, c app.ServiceChange) activities.ContainersInput {
	in := activities.ContainersInput{Target: h.target(d.in.Spec.Site), Service: s.Name, Names: c.Old}
	in.Aside, in.By = d.aside(s, c), d.plan.Release
	return in
}

// aside is the suffix that a service's old containers get where one of them has the name that the new one takes.
func (d *deploy) aside(s app.Service, c app.ServiceChange) string {
	if s.Container.FixedName != "" && slices.Contains(c.Old, s.Container.FixedName) {
		return "-before-" + d.plan.Release
	}
	return ""
}

// idle are those of the named containers that had ended, or were never started, when the host was observed.
func (h *hostRun) idle(names []string) []string {
	var out []string
	for _, c := range h.observed.Containers {
		if slices.Contains(names, c.Name) && (c.Status == "exited" || c.Status == "created" || c.Status == "dead") {
			out = append(out, c.Name)
		}
	}
	return out
}

func (d *deploy) startInput(h *hostRun, s app.Service, containers []app.ContainerPlan) activities.StartInput {
	in := activities.StartInput{
		Target:     h.target(d.in.Spec.Site),
		Release:    d.plan.Release,
		Service:    s,
		Config:     planner.ConfigHash(s),
		ImageID:    h.image(s).ID,
		Networks:   map[string]string{},
		Volumes:    map[string]string{},
		Containers: containers,
		Secrets:    d.in.Spec.SecretsOf(s),
	}
	for _, n := range h.plan.Networks {
		in.Networks[n.Key] = n.Name
	}
	for _, v := range h.plan.Volumes {
		in.Volumes[v.Key] = v.Name
	}
	return in
}

func (d *deploy) healthInput(h *hostRun, s app.Service, started activities.Started) activities.HealthInput {
	return activities.HealthInput{
		Target: h.target(d.in.Spec.Site), Service: s.Name, Health: s.Health, OneShot: s.OneShot,
		Containers: started.Names, Addresses: started.Addresses, Restarts: h.restarts[s.Name], Secrets: d.in.Spec.SecretsOf(s),
	}
}

// watchStable watches every container that is new, or has new versions of secrets, stay healthy, all at once.
func (d *deploy) watchStable(ctx workflow.Context) error {
	d.report.phase(ctx, "watch")
	return d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		return together(ctx, h.touched(), func(ctx workflow.Context, c app.ServiceChange) error {
			s := d.in.Spec.Service(c.Service)
			if s.OneShot || s.Health.StableFor <= 0 {
				return nil
			}
			_, err := activities.AwaitStable.Run(ctx, d.healthInput(h, s, h.started[s.Name]))
			return failed("stability", h.host, s.Name, err)
		})
	})
}
