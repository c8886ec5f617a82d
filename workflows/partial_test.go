package workflows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// partial is a deploy that may leave hosts behind.
func (d *deploys) partial(t *testing.T, spec app.Spec, r *memory.Run) memory.Ended {
	t.Helper()
	d.runs++
	r.World, r.ID = d.World, fmt.Sprintf("run-%d", d.runs)
	ended := r.Do(t, workflows.Deploy, workflows.DeployInput{Spec: spec, Order: workflows.Order{By: "tester", AllowPartial: true}})
	for _, v := range d.Violations() {
		t.Error(v)
	}
	return ended
}

// lostAt has hosts be unreachable from a step on.
func (d *deploys) lostAt(step string, hosts ...string) func(*memory.Attempt) (any, error) {
	return func(a *memory.Attempt) (any, error) {
		if a.Step == step && slices.Contains(hosts, a.Host) {
			d.Machine(a.Host).Unreachable(true)
		}
		return a.Work()
	}
}

// untilTheSwitch are the steps of a host at which it may be left behind.
var untilTheSwitch = []string{
	activities.Observe.Name, activities.TakeFence.Name, activities.Transfer.Name, activities.Pull.Name, activities.Prepare.Name,
	activities.Start.Name, activities.AwaitHealthy.Name, activities.AwaitStable.Name, activities.Switch.Name, activities.Prove.Name,
}

func TestHostIsLeftBehind(t *testing.T) {
	hosts := []string{"web-1", "web-2", "web-3"}
	for _, lost := range []string{"web-1", "web-3"} {
		for _, step := range untilTheSwitch {
			t.Run(lost+" at "+step, func(t *testing.T) {
				t.Parallel()
				d := world(hosts...)
				want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
				ended := d.partial(t, d.everythingChanges("bbb", hosts...), &memory.Run{Around: d.lostAt(step, lost)})
				want(t, ended, app.Partial)
				if ended.Err != nil {
					t.Errorf("the run failed: %v", ended.Err)
				}
				r := ended.Result
				if !slices.Equal(r.Behind, []string{lost}) || len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], lost+" was left behind: ") || len(r.Hosts) != 3 || len(r.URLs) == 0 {
					t.Errorf("%+v", r)
				}
				for _, h := range hosts {
					if h == lost {
						continue
					}
					d.tidy(t, h)
					if d.live(h) != "2-bbb" {
						t.Errorf("%s serves %s", h, d.live(h))
					}
					if text := d.State(h).Files["sites/default/shop/production/releases/2-bbb.json"]; !strings.Contains(text, `"behind":["`+lost+`"]`) {
						t.Errorf("%s has recorded %s", h, text)
					}
				}
				// The next run finds the host as it was left, and brings it along.
				d.Machine(lost).Unreachable(false)
				want(t, d.deploy(t, d.Shop("ccc", hosts...)), app.Succeeded)
				d.tidy(t, lost)
			})
		}
	}
}

// A host that can be reached again soon is put back to what it was at once.
func TestHostLeftBehindIsUndone(t *testing.T) {
	d := world("web-1", "web-2")
	want(t, d.deploy(t, d.Shop("aaa", "web-1", "web-2")), app.Succeeded)
	before := map[string]memory.State{"web-2": d.State("web-2")}
	ended := d.partial(t, d.everythingChanges("bbb", "web-1", "web-2"), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Switch.Name && a.Host == "web-2" {
			return nil, lost("web-2")
		}
		return a.Work()
	}})
	want(t, ended, app.Partial)
	same(t, before, map[string]memory.State{"web-2": d.State("web-2")})
	if r := ended.Result.Hosts; r[0].Release != "2-bbb" || r[1].Release != "1-aaa" {
		t.Errorf("%+v", r)
	}
}

func TestNobodyToGoOnWith(t *testing.T) {
	for _, step := range untilTheSwitch {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			d := world("web-1", "web-2")
			want(t, d.deploy(t, d.Shop("aaa", "web-1", "web-2")), app.Succeeded)
			ended := d.partial(t, d.everythingChanges("bbb", "web-1", "web-2"), &memory.Run{Around: d.lostAt(step, "web-1", "web-2")})
			if f := ended.Result.Failure; f == nil || f.Kind != app.KindUnreachable || ended.Result.Outcome == app.Partial || ended.Err == nil {
				t.Fatalf("%+v", ended.Result)
			}
			for _, h := range []string{"web-1", "web-2"} {
				d.Machine(h).Unreachable(false)
			}
			want(t, d.deploy(t, d.Shop("ccc", "web-1", "web-2")), app.Succeeded)
			d.tidy(t, "web-1")
			d.tidy(t, "web-2")
		})
	}
}

// Without the word for it, one lost host takes all back.
func TestNoHostIsLeftBehindUnasked(t *testing.T) {
	d := world("web-1", "web-2")
	want(t, d.deploy(t, d.Shop("aaa", "web-1", "web-2")), app.Succeeded)
	before := map[string]memory.State{"web-1": d.State("web-1")}
	ended := d.run(t, d.everythingChanges("bbb", "web-1", "web-2"), &memory.Run{Around: d.lostAt(activities.Switch.Name, "web-2")})
	want(t, ended, app.FailedDirty)
	same(t, before, map[string]memory.State{"web-1": d.State("web-1")})
}

// What fails for another reason than that a host cannot be reached takes all back, whatever is allowed.
func TestFailureIsNotLeftBehind(t *testing.T) {
	d := world("web-1", "web-2")
	want(t, d.deploy(t, d.Shop("aaa", "web-1", "web-2")), app.Succeeded)
	before := d.states("web-1", "web-2")
	d.unhealthy("web-2")
	want(t, d.partial(t, d.Shop("bbb", "web-1", "web-2"), &memory.Run{}), app.FailedClean)
	same(t, before, d.states("web-1", "web-2"))
}

// A host that cannot be reached is told of though nothing is to be done on the others.
func TestUnchangedButForALostHost(t *testing.T) {
	d := world("web-1", "web-2")
	spec := d.Shop("aaa", "web-1", "web-2")
	want(t, d.deploy(t, spec), app.Succeeded)
	d.Machine("web-2").Unreachable(true)
	ended := d.partial(t, spec, &memory.Run{})
	want(t, ended, app.Partial)
	if ended.Result.Release != "1-aaa" || !slices.Equal(ended.Result.Behind, []string{"web-2"}) {
		t.Errorf("%+v", ended.Result)
	}
}
