package workflows_test

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// plan runs the plan workflow, and holds that it changes nothing.
func (d *deploys) plan(t *testing.T, spec app.Spec) memory.Ended {
	t.Helper()
	for _, h := range spec.Hosts {
		d.Machine(h.Name).ForgetOps()
	}
	ended := (&memory.Run{World: d.World, ID: "plan"}).Do(t, workflows.Plan, workflows.DeployInput{Spec: spec})
	for _, h := range spec.Hosts {
		if changes := d.Changes(h.Name); len(changes) > 0 {
			t.Errorf("%s was changed: %v", h.Name, changes)
		}
	}
	return ended
}

func TestPlanChangesNothing(t *testing.T) {
	d := world("web-1", "web-2")
	spec := d.Shop("aaa", "web-1", "web-2")
	first := d.plan(t, spec)
	want(t, first, app.Succeeded)
	if p := first.Result.Plan; p == nil || p.Release != "1-aaa" || len(p.Hosts) != 2 || len(p.Builds) != 2 || len(p.ReleaseCommands) != 1 {
		t.Errorf("%+v", p)
	}
	want(t, d.deploy(t, spec), app.Succeeded)
	want(t, d.plan(t, spec), app.Unchanged)
	next := d.plan(t, d.Shop("bbb", "web-1", "web-2"))
	want(t, next, app.Succeeded)
	if next.Result.Previous != "1-aaa" || next.Result.Release != "2-bbb" {
		t.Errorf("%+v", next.Result)
	}
}

func TestPlanTellsWhatThePreflightFinds(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	d.Machine("web-1").SetFree(1 << 20)
	ended := d.plan(t, spec)
	want(t, ended, app.Succeeded)
	if notes := ended.Result.Notes; len(notes) != 1 || !strings.Contains(notes[0], "web-1: only 1 MiB") {
		t.Errorf("%q", notes)
	}
	want(t, d.deploy(t, spec), app.FailedClean)
	if changes := d.Changes("web-1"); len(changes) != 0 {
		t.Errorf("a deploy that fails its preflight changed %v", changes)
	}
}

func TestPlanOfAnUnreachableHost(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	d.Machine("web-1").Unreachable(true)
	ended := d.plan(t, spec)
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindUnreachable {
		t.Errorf("%+v", f)
	}
}

func TestPlanIsCancelled(t *testing.T) {
	d := world("web-1")
	r := &memory.Run{World: d.World, ID: "plan", Around: func(a *memory.Attempt) (any, error) {
		a.Cancel()
		return a.Work()
	}}
	want(t, r.Do(t, workflows.Plan, workflows.DeployInput{Spec: d.Shop("aaa", "web-1")}), app.Cancelled)
}
