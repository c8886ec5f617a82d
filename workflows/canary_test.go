package workflows_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// canaried is a spec that goes by steps, each soon over.
func canaried(spec app.Spec) app.Spec {
	spec = memory.Change(spec, "web", func(s *app.Service) { s.Watch.MaxFailureRatio = app.DefaultMaxFailureRatio })
	spec.Canary = &app.Canary{Weights: []int{5, 25, 100}, Each: 5 * time.Millisecond}
	return spec
}

// share says who gets a host's requests: the live release, and the canary with its weight.
func (d *deploys) share(host string) string {
	for _, table := range d.Tables(host) {
		if c := table.Canary; c != nil {
			return fmt.Sprintf("%s, %d%% %s", table.Release, c.Weight, c.Release)
		}
	}
	return d.live(host)
}

func TestCanaryGoesStepByStep(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := world(hosts...)
	want(t, d.deploy(t, canaried(d.Shop("aaa", hosts...))), app.Succeeded)
	var steps []string
	ended := d.run(t, canaried(d.Shop("bbb", hosts...)), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		out, err := a.Work()
		if a.Step == activities.Switch.Name && a.Host == "web-2" {
			steps = append(steps, d.share("web-2"))
		}
		if a.Step == activities.Watch.Name && d.share("web-1") != d.share("web-2") {
			t.Errorf("web-1 has %s and web-2 %s", d.share("web-1"), d.share("web-2"))
		}
		return out, err
	}})
	want(t, ended, app.Succeeded)
	if !slices.Equal(steps, []string{"1-aaa, 5% 2-bbb", "1-aaa, 25% 2-bbb", "2-bbb"}) {
		t.Errorf("%q", steps)
	}
	for _, h := range hosts {
		d.tidy(t, h)
		// Nothing watches it beyond its last step.
		if m := d.mark(t, h, "2-bbb"); !m.GoodToReturnTo() || d.share(h) != "2-bbb" {
			t.Errorf("%s: %+v", h, m)
		}
	}
	if ended.Count(activities.Mark.Name) != 0 {
		t.Error("it is marked apart, though it was recorded as stable")
	}
}

func TestUnwellCanary(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	for kind := range (&deploys{}).ways(t, "", "") {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := world(hosts...)
			want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
			before := d.states(hosts...)
			unwell := d.ways(t, "web-2", "2-bbb")[kind]
			var mu sync.Mutex
			most := ""
			ended := d.run(t, canaried(d.everythingChanges("bbb", hosts...)), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
				mu.Lock()
				if a.Step == activities.Watch.Name && d.share("web-2") == "1-aaa, 25% 2-bbb" && a.Host == "web-2" && most == "" {
					unwell()
					most = d.share("web-2")
				}
				mu.Unlock()
				return a.Work()
			}})
			want(t, ended, app.FailedClean)
			if f := ended.Result.Failure; f.Kind != kind || f.Host != "web-2" || !ended.Result.Returned || most == "" {
				t.Errorf("at %q: %+v", most, f)
			}
			if ended.Count(activities.Record.Name) != 0 {
				t.Error("it was recorded")
			}
			same(t, before, d.states(hosts...))
		})
	}
}

// A host on which nothing serves has nothing to share, and waits for the switch.
func TestCanaryWithANewHost(t *testing.T) {
	d := world("web-1", "web-2")
	want(t, d.deploy(t, canaried(d.Shop("aaa", "web-1"))), app.Succeeded)
	var mu sync.Mutex
	switches := map[string]int{}
	ended := d.run(t, canaried(d.Shop("bbb", "web-1", "web-2")), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Switch.Name {
			mu.Lock()
			switches[a.Host]++
			mu.Unlock()
		}
		return a.Work()
	}})
	want(t, ended, app.Succeeded)
	if switches["web-1"] != 3 || switches["web-2"] != 1 {
		t.Errorf("%v", switches)
	}
	if d.live("web-1") != "2-bbb" || d.live("web-2") != "2-bbb" {
		t.Errorf("%s and %s", d.live("web-1"), d.live("web-2"))
	}
}

// A first deploy has nothing to share its requests with.
func TestCanaryOfAFirstDeploy(t *testing.T) {
	d := world("web-1")
	ended := d.deploy(t, canaried(d.Shop("aaa", "web-1")))
	want(t, ended, app.Succeeded)
	if ended.Count(activities.Switch.Name) != 1 || ended.Count(activities.Watch.Name) != 0 {
		t.Errorf("%v", ended.Attempts)
	}
}
