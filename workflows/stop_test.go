package workflows_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

func stopOn(hosts ...string) workflows.StopInput {
	in := recordedOn(hosts...)
	return workflows.StopInput{Site: in.Site, Hosts: in.Hosts, Order: in.Order}
}

func TestStopThenStart(t *testing.T) {
	d := world("web-1", "web-2")
	hosts := []string{"web-1", "web-2"}
	d.history(t, hosts, "aaa")
	d.InFlight("web-1", shopSite, "1-aaa", 1)
	events := d.timeline("web-1")
	ended := d.play(t, workflows.Stop, stopOn(hosts...), &memory.Run{})
	want(t, ended, app.Succeeded)
	if r := ended.Result; r.Release != "" || r.Previous != "1-aaa" || r.Kind != app.RunStop || r.Hosts[0].Release != "" || r.Fence != 2 {
		t.Errorf("%+v", r)
	}
	// What depends on the database is stopped before it.
	got := events()
	inOrder(t, got, "Stop shop-production-web-1-aaa-1", "Stop shop-production-db-1-aaa-1")
	inOrder(t, got, "Stop shop-production-worker-1-aaa-1", "Stop shop-production-db-1-aaa-1")
	for i, h := range hosts {
		all := 6 - i // the release command's is on the first host only
		if len(d.Running(h)) != 0 || len(d.State(h).Containers) != all || d.live(h) != "" || d.current(h) != "1-aaa" || d.file(h, "stopped") == "" {
			t.Errorf("%s: %v", h, d.State(h))
		}
	}
	stopped := d.states(hosts...)
	want(t, d.play(t, workflows.Stop, stopOn(hosts...), &memory.Run{}), app.Unchanged)
	same(t, stopped, d.states(hosts...))
	for _, workflow := range []any{workflows.Repair, workflows.Restart, workflows.Scale} {
		refusedAs(t, d.play(t, workflow, recordedOn(hosts...), &memory.Run{}), app.KindSpec, "is stopped on web-1")
	}

	ended = d.play(t, workflows.Start, recordedOn(hosts...), &memory.Run{})
	want(t, ended, app.Succeeded)
	for _, h := range hosts {
		d.tidy(t, h)
		if d.live(h) != "2-aaa" || d.file(h, "stopped") != "" {
			t.Errorf("%s serves %q", h, d.live(h))
		}
	}
	want(t, d.play(t, workflows.Start, recordedOn(hosts...), &memory.Run{}), app.Unchanged)
	if ended.Result.Of != "1-aaa" || ended.Count(activities.RunReleaseCommand.Name) != 0 {
		t.Errorf("%+v", ended.Result)
	}
}

// A deploy and a rollback bring a stopped site back as well.
func TestStopThenAnotherRelease(t *testing.T) {
	for _, rollback := range []bool{false, true} {
		d := world("web-1")
		d.history(t, []string{"web-1"}, "aaa", "bbb")
		want(t, d.play(t, workflows.Stop, stopOn("web-1"), &memory.Run{}), app.Succeeded)
		if rollback {
			want(t, d.rollback(t, "", "web-1"), app.Succeeded)
		} else {
			want(t, d.deploy(t, d.Shop("bbb", "web-1")), app.Succeeded)
		}
		d.tidy(t, "web-1")
		if d.file("web-1", "stopped") != "" {
			t.Error("the host still takes the site for stopped")
		}
	}
}

// Somebody has started all of it by hand.
func TestStartOfWhatRuns(t *testing.T) {
	d := world("web-1")
	spec := memory.Change(d.Shop("aaa", "web-1"), "web", func(s *app.Service) { s.Routes = nil })
	want(t, d.deploy(t, spec), app.Succeeded)
	running := d.Running("web-1")
	want(t, d.play(t, workflows.Stop, stopOn("web-1"), &memory.Run{}), app.Succeeded)
	for _, name := range running {
		if err := d.Machine("web-1").Host().Engine().ContainerStart(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	want(t, d.play(t, workflows.Start, recordedOn("web-1"), &memory.Run{}), app.Unchanged)
	if d.file("web-1", "stopped") != "" || !slices.Equal(running, d.Running("web-1")) {
		t.Errorf("%v", d.State("web-1"))
	}
}

func TestStopOfWhatWasNeverDeployed(t *testing.T) {
	d := world("web-1")
	refusedAs(t, d.play(t, workflows.Stop, stopOn("web-1"), &memory.Run{}), app.KindMissing, "never deployed to web-1")
	if d.Changes("web-1") != nil {
		t.Errorf("%v", d.Changes("web-1"))
	}
}

// Where one host does not let go of the site, all hosts serve on.
func TestStopGoesBackUntilAllRoutesAreTaken(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	for _, cancel := range []bool{false, true} {
		d := world(hosts...)
		d.history(t, hosts, "aaa")
		before := d.states(hosts...)
		ended := d.play(t, workflows.Stop, stopOn(hosts...), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
			if a.Step != activities.Switch.Name || a.Host != "web-2" {
				return a.Work()
			}
			if cancel {
				a.Cancel()
				return nil, a.Context().Err()
			}
			return nil, activities.Fail(app.Failure{Kind: app.KindSpec, Message: "no"}, nil)
		}})
		if cancel {
			want(t, ended, app.Cancelled)
		} else {
			want(t, ended, app.FailedClean)
		}
		same(t, before, d.states(hosts...))
	}
}

// Once the routes are taken the run goes on as far as it can, and can be finished by another.
func TestStopThatCannotFinish(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := world(hosts...)
	d.history(t, hosts, "aaa")
	ended := d.play(t, workflows.Stop, stopOn(hosts...), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Stop.Name && a.Host == "web-1" {
			return nil, activities.Fail(app.Failure{Kind: app.KindSpec, Message: "no"}, nil)
		}
		return a.Work()
	}})
	want(t, ended, app.FailedDirty)
	if f := ended.Result.Failure; !slices.Equal(f.Left, []string{"web-1: containers that may run"}) || !strings.Contains(f.Advice, "longshore stop") {
		t.Errorf("%+v", f)
	}
	if len(d.Running("web-1")) != 5 || len(d.Running("web-2")) != 0 || d.live("web-1") != "" {
		t.Errorf("%v, %v", d.Running("web-1"), d.Running("web-2"))
	}
	want(t, d.play(t, workflows.Stop, stopOn(hosts...), &memory.Run{}), app.Succeeded)
	if len(d.Running("web-1")) != 0 {
		t.Errorf("%v", d.Running("web-1"))
	}
}

func TestStopLetsRequestsEnd(t *testing.T) {
	d := world("web-1")
	spec := memory.Change(d.Shop("aaa", "web-1"), "web", func(s *app.Service) { s.Drain = time.Minute })
	want(t, d.deploy(t, spec), app.Succeeded)
	d.InFlight("web-1", shopSite, "1-aaa", 2)
	d.OnOp(func(_ string, op hostmemory.Op) error {
		if op.Name == "ContainerStop" {
			t.Error("stopped while requests are in flight")
		}
		return nil
	})
	ended := d.play(t, workflows.Stop, stopOn("web-1"), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step != activities.Drain.Name {
			return a.Work()
		}
		if in := a.In.(activities.DrainInput); in.Drain != time.Minute || in.Release != "1-aaa" {
			t.Errorf("%+v", in)
		}
		d.InFlight("web-1", shopSite, "1-aaa", 0)
		d.OnOp(nil)
		return a.Work()
	}})
	want(t, ended, app.Succeeded)
}

// other deploys a second site to a host, with images, routes and volumes of its own.
func (d *deploys) other(t *testing.T, host string) {
	t.Helper()
	spec := d.Shop("zzz", host)
	spec.Site.Name = "staging"
	spec = memory.Change(spec, "web", func(s *app.Service) { s.Routes = []app.Route{{Hosts: []string{"staging.example.com"}, Port: 3000}} })
	spec = memory.Change(spec, "queue", func(s *app.Service) { s.Container.FixedName = "" })
	want(t, d.deploy(t, spec), app.Succeeded)
}

// notOurs leaves the shop's own things out of states.
func notOurs(states map[string]memory.State) map[string]memory.State {
	for host, s := range states {
		for name := range s.Containers {
			if strings.HasPrefix(name, "shop-production-") || name == "shop-queue" {
				delete(s.Containers, name)
			}
		}
		for path := range s.Files {
			if strings.HasPrefix(path, "sites/default/shop/production/") {
				delete(s.Files, path)
			}
		}
		for id, tags := range s.Images {
			ours := func(tag string) bool { return strings.HasPrefix(tag, "longshore/shop-production/") }
			if s.Images[id] = slices.DeleteFunc(tags, ours); len(s.Images[id]) == 0 {
				delete(s.Images, id)
			}
		}
		ours := func(text string) bool {
			return strings.Contains(text, "shop-production") || strings.Contains(text, "shop/production")
		}
		s.Networks, s.Volumes, s.Tables = slices.DeleteFunc(s.Networks, ours), slices.DeleteFunc(s.Volumes, ours), slices.DeleteFunc(s.Tables, ours)
		states[host] = s
	}
	return states
}

func TestRemove(t *testing.T) {
	for _, volumes := range []bool{false, true} {
		d := world("web-1", "web-2")
		hosts := []string{"web-1", "web-2"}
		d.other(t, "web-1")
		engine := d.Machine("web-1").Host().Engine()
		if err := engine.VolumeCreate(t.Context(), "shop-external", app.Volume{}); err != nil {
			t.Fatal(err)
		}
		for _, source := range []string{"aaa", "bbb"} {
			spec := d.Shop(source, hosts...)
			spec.Hosts = spec.Hosts[:1]
			spec.Volumes = append(spec.Volumes, app.Volume{Name: "given", External: "shop-external"})
			want(t, d.deploy(t, spec), app.Succeeded)
		}
		others := notOurs(d.states("web-1"))
		in := stopOn("web-1")
		in.Volumes = volumes
		ended := d.play(t, workflows.Remove, in, &memory.Run{})
		want(t, ended, app.Succeeded)
		if ended.Result.Kind != app.RunRemove || ended.Result.Previous != "2-bbb" {
			t.Errorf("%+v", ended.Result)
		}
		left := d.states("web-1")
		at := left["web-1"]
		if kept := slices.Contains(at.Volumes, "shop-production-data"); kept == volumes || !slices.Contains(at.Volumes, "shop-external") {
			t.Errorf("with volumes %v: %v", volumes, at.Volumes)
		}
		at.Volumes = slices.DeleteFunc(slices.Clone(at.Volumes), func(v string) bool { return v == "shop-production-data" })
		left["web-1"] = at
		same(t, others, left)
		if _, err := d.Machine("web-1").Host().Files().Read(t.Context(), "sites/default/shop/production/fence"); err != nil {
			t.Errorf("the fence: %v", err)
		}
		want(t, d.play(t, workflows.Remove, in, &memory.Run{}), app.Unchanged)
		refusedAs(t, d.rollback(t, "", "web-1"), app.KindMissing, "has no release")
		if !volumes {
			in.Volumes = true
			want(t, d.play(t, workflows.Remove, in, &memory.Run{}), app.Succeeded)
			if slices.Contains(d.State("web-1").Volumes, "shop-production-data") {
				t.Error("the volume stays though it was asked for")
			}
		}
		want(t, d.deploy(t, d.Shop("ccc", "web-1")), app.Succeeded)
	}
}

// A removal that broke off is finished by the next.
func TestRemoveThatCannotFinish(t *testing.T) {
	d := world("web-1")
	d.history(t, []string{"web-1"}, "aaa")
	ended := d.play(t, workflows.Remove, stopOn("web-1"), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Erase.Name {
			return nil, activities.Fail(app.Failure{Kind: app.KindSpec, Message: "no"}, nil)
		}
		return a.Work()
	}})
	want(t, ended, app.FailedDirty)
	if !strings.Contains(ended.Result.Failure.Advice, "longshore remove") || d.live("web-1") != "" {
		t.Errorf("%+v", ended.Result.Failure)
	}
	want(t, d.play(t, workflows.Remove, stopOn("web-1"), &memory.Run{}), app.Succeeded)
	if s := d.State("web-1"); len(s.Containers)+len(s.Images)+len(s.Files) != 0 {
		t.Errorf("%v", s)
	}
}

// A host that cannot be reached would go on serving.
func TestStopNeedsEveryHost(t *testing.T) {
	d := world("web-1", "web-2")
	d.history(t, []string{"web-1", "web-2"}, "aaa")
	before := d.states("web-1", "web-2")
	d.Machine("web-2").Unreachable(true)
	in := stopOn("web-1", "web-2")
	in.AllowPartial = true
	ended := d.play(t, workflows.Stop, in, &memory.Run{})
	want(t, ended, app.FailedClean)
	d.Machine("web-2").Unreachable(false)
	same(t, before, d.states("web-1", "web-2"))
}
