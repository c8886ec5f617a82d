package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// shift gives the new release a growing share of the requests, on all hosts at once, and watches it at each step. Only a
// deploy goes step by step: what brings a recorded release is to be quick. A host where nothing serves yet has nothing to
// share, and waits for the switch.
func (d *deploy) shift(ctx workflow.Context) error {
	canary := d.in.Spec.Canary
	if canary == nil || d.kind != app.RunDeploy {
		return nil
	}
	for _, weight := range canary.Weights {
		if weight >= 100 || !d.shares() {
			return nil
		}
		d.report.phase(ctx, fmt.Sprintf("canary with %d%%", weight))
		err := d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
			if !d.canShare(h) {
				return nil
			}
			d.pushBack(h)
			_, err := activities.Switch.Run(ctx, d.canaryInput(h, weight))
			h.exposed = h.exposed || err == nil
			return failed("canary", h.host, "", err)
		})
		if err != nil {
			return err
		}
		if err := d.keepVigil(ctx, canary.Each); err != nil {
			return err
		}
	}
	return nil
}

// shares says whether an old release serves on any host.
func (d *deploy) shares() bool {
	for _, h := range d.hosts {
		if d.canShare(h) {
			return true
		}
	}
	return false
}

// canShare says whether a host's edge leads to an old release, and will lead to the new one.
func (d *deploy) canShare(h *hostRun) bool {
	old, ok := d.observedTable(h)
	return ok && len(old.Routes) > 0 && old.Release != d.plan.Release && h.plan.Table != nil && len(h.plan.Table.Routes) > 0
}

// canaryInput is the old release's table with a share of the requests for the new one.
func (d *deploy) canaryInput(h *hostRun, weight int) activities.SwitchInput {
	next := d.switchInput(h)
	in := d.backInput(h)
	in.Table.Canary = &app.EdgeCanary{Release: d.plan.Release, Weight: weight, Routes: next.Table.Routes}
	in.Containers = append(in.Containers, next.Containers...)
	return in
}
