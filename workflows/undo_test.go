package workflows_test

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

func TestSwitchFailsOnOneOfThree(t *testing.T) {
	hosts := []string{"web-1", "web-2", "web-3"}
	d := world(hosts...)
	want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
	before := d.states(hosts...)
	switched := 0
	ended := d.run(t, d.Shop("bbb", hosts...), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Prove.Name && a.Host == "web-2" {
			for _, h := range hosts {
				if d.live(h) == "2-bbb" {
					switched++
				}
			}
			return nil, broken("prove")
		}
		return a.Work()
	}})
	want(t, ended, app.FailedClean)
	if switched == 0 {
		t.Fatal("nothing had switched: the test proves nothing")
	}
	same(t, before, d.states(hosts...))
	for _, h := range ended.Result.Hosts {
		if h.Release != "1-aaa" {
			t.Errorf("%+v", h)
		}
	}
}

// Each step of the undoing fails once: the outcome says what is left, where, and the other hosts are as they were.
func TestUndoFails(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	for step, left := range map[string]string{
		activities.SwitchBack.Name:   "web-1: the edge's routes",
		activities.Remove.Name:       "web-1: containers of web",
		activities.Restore.Name:      "web-1: containers of db",
		activities.Unprepare.Name:    "web-1: new networks and volumes",
		activities.Clean.Name:        "web-1: containers and images of 2-bbb",
		activities.DiscardBuild.Name: "builder: the images of 2-bbb",
	} {
		t.Run(step, func(t *testing.T) {
			d := world(hosts...)
			want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
			before := d.State("web-2")
			ended := d.run(t, d.everythingChanges("bbb", hosts...), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
				switch {
				case a.Step == activities.Prove.Name && a.Host == "web-1":
					return nil, broken("prove")
				case a.Step == step && (a.Host == "web-1" || a.Host == memory.Builder) && !strings.HasPrefix(a.Service, "the release"):
					return nil, broken(step)
				}
				return a.Work()
			}})
			want(t, ended, app.FailedDirty)
			f := ended.Result.Failure
			if !strings.Contains(strings.Join(f.Left, "\n"), left) || f.Message != "broken for the test: prove" || !strings.Contains(f.Advice, "broken for the test: "+step) {
				t.Errorf("%+v", f)
			}
			same(t, map[string]memory.State{"": before}, map[string]memory.State{"": d.State("web-2")})
			serves := "1-aaa"
			if step == activities.SwitchBack.Name {
				serves = "2-bbb" // its containers are kept: the world would tell
			}
			if got := ended.Result.Hosts[0].Release; got != serves || d.live("web-1") != serves {
				t.Errorf("web-1 serves %q, and the result says %q", d.live("web-1"), got)
			}
			want(t, d.deploy(t, d.Shop("ccc", hosts...)), app.Succeeded)
			for _, h := range hosts {
				d.tidy(t, h)
			}
		})
	}
}

// Nothing has changed but not all of what was built for that can be discarded.
func TestUnchangedThatCannotBeCleanedIsDirty(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	want(t, d.deploy(t, spec), app.Succeeded)
	spec.Source.ID = "bbb"
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Clean.Name {
			return nil, broken("clean")
		}
		return a.Work()
	}})
	want(t, ended, app.FailedDirty)
	if len(ended.Result.Failure.Left) != 1 {
		t.Errorf("%+v", ended.Result.Failure)
	}
}

// What fails on one host after the switch keeps no other from its end.
func TestHostsSettleByThemselves(t *testing.T) {
	hosts := []string{"web-1", "web-2", "web-3"}
	d := world(hosts...)
	want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
	ended := d.run(t, d.Shop("bbb", hosts...), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Record.Name && a.Host == "web-2" {
			return nil, broken("record")
		}
		return a.Work()
	}})
	want(t, ended, app.FailedDirty)
	if left := ended.Result.Failure.Left; len(left) != 1 || left[0] != "web-2: containers or images of 1-aaa" {
		t.Errorf("left: %q", left)
	}
	for h, n := range map[string]int{"web-1": 5, "web-2": 7, "web-3": 5} {
		if len(d.Running(h)) != n {
			t.Errorf("%s runs %v", h, d.Running(h))
		}
	}
	want(t, d.deploy(t, d.Shop("ccc", hosts...)), app.Succeeded)
	if len(d.Running("web-2")) != 5 {
		t.Errorf("web-2 runs %v", d.Running("web-2"))
	}
}

// A host that is lost while a run is undone keeps no other from its undoing.
func TestLostHostKeepsNoOtherFromBeingUndone(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := world(hosts...)
	spec := d.Shop("aaa", hosts...)
	before := d.State("web-1")
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Switch.Name && a.Host == "web-2" {
			d.Machine("web-2").Unreachable(true)
			return nil, broken("switch")
		}
		return a.Work()
	}})
	want(t, ended, app.FailedDirty)
	for _, left := range ended.Result.Failure.Left {
		if !strings.HasPrefix(left, "web-2: ") {
			t.Errorf("left: %s", left)
		}
	}
	same(t, map[string]memory.State{"": before}, map[string]memory.State{"": d.State("web-1")})
}

func TestUnhealthy(t *testing.T) {
	d := world("web-1", "web-2")
	want(t, d.deploy(t, d.Shop("aaa", "web-1", "web-2")), app.Succeeded)
	before := d.states("web-1", "web-2")
	d.unhealthy("web-2")
	ended := d.deploy(t, d.Shop("bbb", "web-1", "web-2"))
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindUnhealthy || f.Host != "web-2" || f.Service != "web" || f.Step != "health check" {
		t.Errorf("%+v", f)
	}
	same(t, before, d.states("web-1", "web-2"))
}

func TestUnreachableHostFailsBeforeAnyChange(t *testing.T) {
	d := world("web-1", "web-2")
	spec := d.Shop("aaa", "web-1", "web-2")
	d.Machine("web-2").Unreachable(true)
	ended := d.deploy(t, spec)
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindUnreachable || f.Host != "web-2" || f.Step != "observe" || f.Advice == "" {
		t.Errorf("%+v", f)
	}
	if changes := d.Changes("web-1"); len(changes) != 0 {
		t.Errorf("%v", changes)
	}
}

// A run that is reset after it was undone finds its images gone: it says so at once, and is undone again.
func TestImageIsGoneFromTheHost(t *testing.T) {
	d := world("web-1")
	want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
	before := d.states("web-1")
	ended := d.run(t, d.everythingChanges("bbb", "web-1"), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		out, err := a.Work()
		if a.Step == activities.Prepare.Name {
			return out, d.Machine("web-1").Host().Engine().ImageRemove(a.Context(), "longshore/shop-production/web:2-bbb")
		}
		return out, err
	}})
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindMissing || f.Service != "web" || ended.Count(activities.RunReleaseCommand.Name) != 1 {
		t.Errorf("%+v after %d attempts", f, ended.Count(activities.RunReleaseCommand.Name))
	}
	same(t, before, d.states("web-1"))
}
