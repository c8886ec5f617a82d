package workflows_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// refreshing has a site whose next deploy of what is answered refreshes its database, and nothing else.
func refreshing(t *testing.T, hosts ...string) (*deploys, app.Spec) {
	t.Helper()
	d := secretWorld(t, hosts...)
	spec := memory.Change(d.SecretShop("aaa", hosts...), "worker", func(s *app.Service) { s.Container.Secrets = nil })
	want(t, d.deploy(t, spec), app.Succeeded)
	d.Secret("KEY", "second value of KEY")
	return d, spec
}

func TestRefreshKeepsTheContainers(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d, spec := refreshing(t, hosts...)
	running := d.states(hosts...)["web-1"].Containers
	ended := d.deploy(t, spec)
	want(t, ended, app.Succeeded)
	for _, h := range hosts {
		if got := d.secretFile(t, h, "db"); got != "second value of KEY" {
			t.Errorf("%s: %q", h, got)
		}
		if d.live(h) != "2-aaa" || d.current(h) != "2-aaa" {
			t.Errorf("%s serves %q, and records %q", h, d.live(h), d.current(h))
		}
		for path := range d.State(h).Files {
			if strings.Contains(path, "/before-") {
				t.Errorf("%s is left over", path)
			}
		}
		for _, step := range []string{activities.RefreshSecrets.Name, activities.AwaitHealthy.Name, activities.AwaitStable.Name} {
			if n := countAt(ended, step, h, "db"); n != 1 {
				t.Errorf("%d × %s on %s", n, step, h)
			}
		}
	}
	for _, name := range d.Running("web-1") {
		if now := d.State("web-1").Containers[name]; now != running[name] {
			t.Errorf("%s is %q, not %q", name, now, running[name])
		}
	}
	if n := ended.Count(activities.Start.Name) + ended.Count(activities.Build.Name) + ended.Count(activities.RunReleaseCommand.Name); n != 0 {
		t.Errorf("%v: nothing else changes", ended.Attempts)
	}
	want(t, d.deploy(t, spec), app.Unchanged)
}

func countAt(ended memory.Ended, step, host, service string) int {
	n := 0
	for _, a := range ended.Attempts {
		if a.Step == step && a.Host == host && a.Service == service {
			n++
		}
	}
	return n
}

// A value that a container cannot live with is found, and taken back.
func TestRefreshOfABadValueIsTakenBack(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	for _, step := range []string{activities.AwaitHealthy.Name, activities.AwaitStable.Name} {
		d, spec := refreshing(t, hosts...)
		before := d.states(hosts...)
		ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
			if a.Step == step && a.Host == "web-2" && a.Service == "db" {
				return nil, activities.Fail(app.Failure{Kind: app.KindUnhealthy, Message: "it cannot read its key"}, nil)
			}
			return a.Work()
		}})
		want(t, ended, app.FailedClean)
		if f := ended.Result.Failure; f.Service != "db" || f.Host != "web-2" {
			t.Errorf("%+v", f)
		}
		same(t, before, d.states(hosts...))
	}
}

// What could not be taken back is found by the next run, whatever the record says.
func TestRefreshThatCannotBeTakenBack(t *testing.T) {
	d, spec := refreshing(t, "web-1")
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.AwaitHealthy.Name || a.Step == activities.RestoreSecrets.Name {
			return nil, activities.Fail(app.Failure{Kind: app.KindUnhealthy, Message: "it cannot read its key"}, nil)
		}
		return a.Work()
	}})
	want(t, ended, app.FailedDirty)
	if left := ended.Result.Failure.Left; !slices.Equal(left, []string{"web-1: new versions of the secrets of db"}) {
		t.Errorf("%q", left)
	}
	if d.current("web-1") != "1-aaa" || d.secretFile(t, "web-1", "db") != "second value of KEY" {
		t.Fatalf("%q, %q", d.current("web-1"), d.secretFile(t, "web-1", "db"))
	}
	want(t, d.play(t, workflows.Repair, recordedOn("web-1"), &memory.Run{}), app.Succeeded)
	if got := d.secretFile(t, "web-1", "db"); got != "first value of KEY" {
		t.Errorf("the database has %q", got)
	}
	want(t, d.play(t, workflows.Repair, recordedOn("web-1"), &memory.Run{}), app.Unchanged)
}

// How often Docker had restarted a container before says nothing of the new version.
func TestRefreshOfContainersThatWereRestartedOnce(t *testing.T) {
	d, spec := refreshing(t, "web-1")
	spec = memory.Change(spec, "db", func(s *app.Service) { s.Watch.For = watched(spec, "").Service("web").Watch.For })
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		out, err := a.Work()
		if a.Step != activities.Observe.Name || err != nil {
			return out, err
		}
		o := out.(app.Observed)
		o.Containers = slices.Clone(o.Containers)
		for i := range o.Containers {
			o.Containers[i].Restarts = 3
		}
		return o, nil
	}})
	want(t, ended, app.Succeeded)
	seen := 0
	for _, a := range ended.Attempts {
		switch in := a.In.(type) {
		case activities.HealthInput:
			if in.Service == "db" && slices.Equal(in.Restarts, []int{3}) && len(in.Secrets) == 1 {
				seen++
			}
		case activities.WatchInput:
			for _, s := range in.Services {
				if s.Service == "db" && slices.Equal(s.Restarts, []int{3}) && len(s.Secrets) == 1 {
					seen++
				}
			}
		}
	}
	if seen != 3 {
		t.Errorf("%d of health check, stability and watch know of the restarts", seen)
	}
}
