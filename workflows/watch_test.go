package workflows_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

var shopSite = app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}

// watched is a spec whose web is watched, for a time that is soon over.
func watched(spec app.Spec, action string) app.Spec {
	return memory.Change(spec, "web", func(s *app.Service) {
		s.Watch = app.Watch{For: 15 * time.Millisecond, MaxFailureRatio: app.DefaultMaxFailureRatio, Action: action}
	})
}

// during runs f when a step begins on a host for the first time.
func during(step, host string, f func()) func(*memory.Attempt) (any, error) {
	return func(a *memory.Attempt) (any, error) {
		if a.Step == step && a.Host == host && a.Number == 1 && a.Nth == 1 {
			f()
		}
		return a.Work()
	}
}

// ways are how a release turns out to be unwell on a host.
func (d *deploys) ways(t *testing.T, host, release string) map[string]func() {
	return map[string]func(){
		app.KindExited: func() {
			err := d.Machine(host).Host().Engine().ContainerKill(t.Context(), "shop-production-web-"+release+"-1", "KILL")
			if err != nil {
				t.Error(err)
			}
			d.Forgive() // it is the test that has ended it
		},
		app.KindMissing: func() {
			err := d.Machine(host).Host().Engine().ContainerRemove(t.Context(), "shop-production-web-"+release+"-2")
			if err != nil {
				t.Error(err)
			}
			d.Forgive()
		},
		app.KindFailing: func() { d.Ended(host, shopSite, release, 100, 6) },
	}
}

// mark is what a host has marked of a release.
func (d *deploys) mark(t *testing.T, host, release string) app.ReleaseMark {
	t.Helper()
	var mark app.ReleaseMark
	for path, text := range d.State(host).Files {
		if strings.HasSuffix(path, "/marks/"+release+".json") {
			if err := json.Unmarshal([]byte(text), &mark); err != nil {
				t.Error(err)
			}
		}
	}
	return mark
}

func TestWatchedReleaseStays(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := world(hosts...)
	want(t, d.deploy(t, watched(d.Shop("aaa", hosts...), "")), app.Succeeded)
	ended := d.run(t, watched(d.Shop("bbb", hosts...), ""), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Watch.Name {
			// The old release is there to go back to, and what is allowed to fail has failed.
			if n := len(d.Running(a.Host)); n != 7 {
				t.Errorf("%s runs %v", a.Host, d.Running(a.Host))
			}
			d.Ended(a.Host, shopSite, "2-bbb", 100, 5)
			if m := d.mark(t, a.Host, "2-bbb"); m.Stable {
				t.Error("it is stable before it was watched")
			}
		}
		return a.Work()
	}})
	want(t, ended, app.Succeeded)
	if ended.Count(activities.Watch.Name) != 2 || ended.Count(activities.Record.Name) != 2 {
		t.Errorf("%v", ended.Attempts)
	}
	for _, h := range hosts {
		d.tidy(t, h)
		if m := d.mark(t, h, "2-bbb"); !m.GoodToReturnTo() {
			t.Errorf("%s: %+v", h, m)
		}
	}
	if ended.Result.Kind != app.RunDeploy || ended.Result.Fence != 2 || ended.Result.Returned {
		t.Errorf("%+v", ended.Result)
	}
}

func TestUnwellReleaseGoesBack(t *testing.T) {
	for _, hosts := range [][]string{{"web-1"}, {"web-1", "web-2"}} {
		for kind := range (&deploys{}).ways(t, "", "") {
			t.Run(fmt.Sprintf("%s on one of %d", kind, len(hosts)), func(t *testing.T) {
				t.Parallel()
				last := hosts[len(hosts)-1]
				d := world(hosts...)
				want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
				before := d.states(hosts...)
				spec := watched(d.everythingChanges("bbb", hosts...), "")
				ended := d.run(t, spec, &memory.Run{Around: during(activities.Watch.Name, last, d.ways(t, last, "2-bbb")[kind])})
				want(t, ended, app.FailedClean)
				f := ended.Result.Failure
				if !ended.Result.Returned || f.Kind != kind || f.Step != "watch" || f.Host != last || f.Service != "web" || !strings.Contains(f.Advice, "back with 1-aaa") {
					t.Errorf("%+v", f)
				}
				same(t, before, d.states(hosts...))
				for _, h := range ended.Result.Hosts {
					if m := d.mark(t, h.Host, "2-bbb"); !m.Returned || m.Stable || m.Why != f.Message || h.Release != "1-aaa" {
						t.Errorf("%s serves %s: %+v", h.Host, h.Release, m)
					}
				}
				want(t, d.deploy(t, watched(d.Shop("ccc", hosts...), "")), app.Succeeded)
				for _, h := range hosts {
					d.tidy(t, h)
				}
			})
		}
	}
}

// Of a first deploy there is nothing to go back to: nothing is left of it, as of any other that fails.
func TestUnwellFirstRelease(t *testing.T) {
	d := world("web-1")
	spec := watched(d.Shop("aaa", "web-1"), "")
	before := d.states("web-1")
	ended := d.run(t, spec, &memory.Run{Around: during(activities.Watch.Name, "web-1", d.ways(t, "web-1", "1-aaa")[app.KindFailing])})
	want(t, ended, app.FailedClean)
	if !ended.Result.Returned || d.live("web-1") != "" {
		t.Errorf("%+v", ended.Result)
	}
	same(t, before, d.states("web-1"))
}

// What the new release was sent it may finish before it is taken away.
func TestReturnDrainsTheNewRelease(t *testing.T) {
	d := world("web-1")
	want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
	drained := false
	ended := d.run(t, watched(d.Shop("bbb", "web-1"), ""), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		switch a.Step {
		case activities.Watch.Name:
			d.InFlight("web-1", shopSite, "2-bbb", 1)
			d.Ended("web-1", shopSite, "2-bbb", 10, 10)
		case activities.Drain.Name:
			in, ok := a.In.(activities.DrainInput)
			drained = ok && in.Release == "2-bbb" && slices.Contains(d.Running("web-1"), "shop-production-web-2-bbb-1") && d.live("web-1") == "1-aaa"
			d.InFlight("web-1", shopSite, "2-bbb", 0)
		}
		return a.Work()
	}})
	want(t, ended, app.FailedClean)
	if !drained {
		t.Error("its requests were cut")
	}
}

func TestFailureActionContinue(t *testing.T) {
	d := world("web-1")
	want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
	ended := d.run(t, watched(d.Shop("bbb", "web-1"), app.WatchContinue), &memory.Run{
		Around: during(activities.Watch.Name, "web-1", d.ways(t, "web-1", "2-bbb")[app.KindFailing]),
	})
	want(t, ended, app.Succeeded)
	if notes := ended.Result.Notes; len(notes) != 1 || !strings.Contains(notes[0], "6 of 100 requests to 2-bbb failed") {
		t.Errorf("%q", notes)
	}
	d.tidy(t, "web-1")
}

// A host that is lost while it is watched says nothing of the release: the others go on.
func TestHostIsLostInTheWatch(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := world(hosts...)
	want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
	for _, step := range []string{activities.Record.Name, activities.Watch.Name} {
		ended := d.run(t, watched(d.Shop("bbb"+step, hosts...), ""), &memory.Run{
			Around: during(step, "web-2", func() { d.Machine("web-2").Unreachable(true) }),
		})
		want(t, ended, app.FailedDirty)
		if f := ended.Result.Failure; f.Host != "web-2" || f.Kind != app.KindUnreachable || len(f.Left) != 1 {
			t.Errorf("%s: %+v", step, f)
		}
		d.Machine("web-2").Unreachable(false)
		d.tidy(t, "web-1")
		if d.live("web-2") != ended.Result.Release {
			t.Errorf("web-2 serves %s", d.live("web-2"))
		}
		want(t, d.deploy(t, watched(d.Shop("ccc"+step, hosts...), "")), app.Succeeded)
		d.tidy(t, "web-2")
	}
}

// A release that cannot be switched back stays the one that the records name.
func TestReturnIsStuck(t *testing.T) {
	d := world("web-1")
	want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
	ended := d.run(t, watched(d.Shop("bbb", "web-1"), ""), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		switch a.Step {
		case activities.Watch.Name:
			d.Ended("web-1", shopSite, "2-bbb", 10, 10)
		case activities.SwitchBack.Name:
			return nil, broken("switch back")
		}
		return a.Work()
	}})
	want(t, ended, app.FailedDirty)
	if ended.Result.Returned || ended.Result.Hosts[0].Release != "2-bbb" || d.live("web-1") != "2-bbb" {
		t.Errorf("%+v", ended.Result)
	}
	if ended.Count(activities.Return.Name) != 0 || d.mark(t, "web-1", "2-bbb").Returned {
		t.Error("the records say that it was returned from")
	}
	want(t, d.deploy(t, d.Shop("ccc", "web-1")), app.Succeeded)
	d.tidy(t, "web-1")
}

// A rollback is watched as the release that it brings again asks for, but nothing takes it back, and nobody is asked.
func TestUnwellRollbackStays(t *testing.T) {
	for _, action := range []string{"", app.WatchPause} {
		d := world("web-1")
		want(t, d.deploy(t, watched(d.Shop("aaa", "web-1"), action)), app.Succeeded)
		want(t, d.deploy(t, d.Shop("bbb", "web-1")), app.Succeeded)
		ended := d.play(t, workflows.Rollback, recordedOn("web-1"), &memory.Run{
			Around: during(activities.Watch.Name, "web-1", func() { d.Ended("web-1", shopSite, "3-aaa", 10, 10) }),
			Answer: func(q workflows.Question) (string, workflows.Decision) {
				t.Errorf("asked: %+v", q)
				return workflows.UpdateReject, workflows.Decision{}
			},
		})
		want(t, ended, app.FailedDirty)
		f := ended.Result.Failure
		if f.Kind != app.KindFailing || ended.Result.Returned || !strings.Contains(f.Advice, "never rolled back by itself") ||
			!slices.Equal(f.Left, []string{"web-1: 3-aaa, which serves and is unwell"}) {
			t.Errorf("%+v", f)
		}
		if d.live("web-1") != "3-aaa" || d.current("web-1") != "3-aaa" {
			t.Errorf("%s serves, %s is recorded", d.live("web-1"), d.current("web-1"))
		}
		if m := d.mark(t, "web-1", "3-aaa"); m.Stable || m.Returned {
			t.Errorf("%+v", m)
		}
		d.tidy(t, "web-1")
	}
}
