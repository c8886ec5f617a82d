package workflows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// deploys runs deploys one after another in a world; each is a run of its own.
type deploys struct {
	*memory.World
	runs int
}

func world(hosts ...string) *deploys { return &deploys{World: memory.New(hosts...)} }

// deploy is a run that nothing happens to.
func (d *deploys) deploy(t *testing.T, spec app.Spec) memory.Ended {
	t.Helper()
	return d.run(t, spec, &memory.Run{})
}

// run deploys with what the run says, and holds that no request was lost.
func (d *deploys) run(t *testing.T, spec app.Spec, r *memory.Run) memory.Ended {
	t.Helper()
	d.runs++
	r.World, r.ID = d.World, fmt.Sprintf("run-%d", d.runs)
	ended := r.Do(t, workflows.Deploy, workflows.DeployInput{Spec: spec, Order: workflows.Order{By: "tester"}})
	for _, v := range d.Violations() {
		t.Error(v)
	}
	return ended
}

// want fails unless a run ended so.
func want(t *testing.T, ended memory.Ended, outcome app.Outcome) {
	t.Helper()
	if ended.Result.Outcome != outcome {
		t.Fatalf("outcome %q, not %q: %+v (%v)", ended.Result.Outcome, outcome, ended.Result.Failure, ended.Err)
	}
}

// states are those of hosts and the builder.
func (d *deploys) states(hosts ...string) map[string]memory.State {
	out := map[string]memory.State{}
	for _, name := range append(slices.Clone(hosts), memory.Builder) {
		out[name] = d.State(name)
	}
	return out
}

// same fails for every difference between two looks at the hosts. The records of releases that were returned from are
// none: they stay, marked.
func same(t *testing.T, before, after map[string]memory.State) {
	t.Helper()
	for host, state := range after {
		for path, text := range state.Files {
			if _, was := before[host].Files[path]; !was && strings.Contains(path, "/marks/") && strings.Contains(text, `"returned":true`) {
				delete(state.Files, path)
				delete(state.Files, strings.Replace(path, "/marks/", "/releases/", 1))
			}
		}
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the hosts are not as they were (-before +after):\n%s", diff)
	}
}

// live is the release that a host's edge sends the shop's traffic to; "" for none.
func (d *deploys) live(host string) string {
	for _, table := range d.Tables(host) {
		if table.Site == "default/shop/production" {
			return table.Release
		}
	}
	return ""
}

func TestFirstDeploySucceeds(t *testing.T) {
	for _, hosts := range [][]string{{"web-1"}, {"web-1", "web-2", "web-3"}} {
		t.Run(fmt.Sprint(len(hosts)), func(t *testing.T) {
			d := world(hosts...)
			ended := d.deploy(t, d.Shop("aaa", hosts...))
			want(t, ended, app.Succeeded)
			if ended.Result.Release != "1-aaa" || ended.Result.Previous != "" {
				t.Errorf("release %q after %q", ended.Result.Release, ended.Result.Previous)
			}
			for _, h := range hosts {
				running := []string{
					"shop-production-db-1-aaa-1", "shop-production-web-1-aaa-1", "shop-production-web-1-aaa-2",
					"shop-production-worker-1-aaa-1", "shop-queue",
				}
				if got := d.Running(h); !slices.Equal(got, running) {
					t.Errorf("%s runs %v", h, got)
				}
				if d.live(h) != "1-aaa" {
					t.Errorf("%s serves %q", h, d.live(h))
				}
			}
			if n := ended.Count("Build"); n != 2 {
				t.Errorf("%d builds of two services", n)
			}
		})
	}
}

func TestUnchangedBeforeTheBuild(t *testing.T) {
	d := world("web-1", "web-2")
	spec := d.Shop("aaa", "web-1", "web-2")
	want(t, d.deploy(t, spec), app.Succeeded)
	before := d.states("web-1", "web-2")
	ended := d.deploy(t, spec)
	want(t, ended, app.Unchanged)
	same(t, before, d.states("web-1", "web-2"))
	if ended.Result.Release != "1-aaa" || len(ended.Result.URLs) != 1 {
		t.Errorf("%+v", ended.Result)
	}
	if len(ended.Attempts) != 2 {
		t.Errorf("%v: there was nothing to do but to look", ended.Attempts)
	}
}

func TestUnchangedAfterTheBuild(t *testing.T) {
	d := world("web-1", "web-2")
	spec := d.Shop("aaa", "web-1", "web-2")
	want(t, d.deploy(t, spec), app.Succeeded)
	before := d.states("web-1", "web-2")
	spec.Source.ID = "bbb" // another commit that builds the same
	ended := d.deploy(t, spec)
	want(t, ended, app.Unchanged)
	same(t, before, d.states("web-1", "web-2"))
	if ended.Count("Start") != 0 || ended.Count("Build") != 2 {
		t.Errorf("%v", ended.Attempts)
	}
}

func TestRedeployReplacesWhatHasChanged(t *testing.T) {
	d := world("web-1", "web-2")
	want(t, d.deploy(t, d.Shop("aaa", "web-1", "web-2")), app.Succeeded)
	ended := d.deploy(t, d.Shop("bbb", "web-1", "web-2"))
	want(t, ended, app.Succeeded)
	for _, h := range []string{"web-1", "web-2"} {
		running := []string{
			"shop-production-db-1-aaa-1", "shop-production-web-2-bbb-1", "shop-production-web-2-bbb-2",
			"shop-production-worker-2-bbb-1", "shop-queue",
		}
		if got := d.Running(h); !slices.Equal(got, running) {
			t.Errorf("%s runs %v", h, got)
		}
		if d.live(h) != "2-bbb" {
			t.Errorf("%s serves %q", h, d.live(h))
		}
	}
	if ended.Result.Previous != "1-aaa" {
		t.Errorf("previous %q", ended.Result.Previous)
	}
}

// unhealthy has new containers of web on a host never answer.
func (d *deploys) unhealthy(host string) {
	d.Machine(host).BehaveService("web", hostmemory.Behaviour{NeverHealthy: true})
}

// tidy fails unless a host has the shop's five containers, all running, and no other of its services.
func (d *deploys) tidy(t *testing.T, host string) {
	t.Helper()
	if len(d.Running(host)) != 5 {
		t.Errorf("%s runs %v", host, d.Running(host))
	}
	for name, c := range d.Machine(host).Containers() {
		if c.Labels[app.LabelRole] == app.RoleService && !c.Running() {
			t.Errorf("%s still has %s, which is %s", host, name, c.Status)
		}
	}
}
