package workflows_test

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

func TestLostBuilderIsReplaced(t *testing.T) {
	d := world("web-1", "web-2")
	ended := d.run(t, d.Shop("aaa", "web-1", "web-2"), &memory.Run{LostQueues: []string{memory.Queue(1), memory.Queue(2)}})
	want(t, ended, app.Succeeded)
	if n := ended.Count(activities.PickBuilder.Name); n != 3 {
		t.Errorf("%d builders were picked for two lost", n)
	}
}

// The builder is lost after it has built: the next builds again, and what had arrived is taken from it.
func TestBuilderLostBetweenBuildAndTransfer(t *testing.T) {
	d := world("web-1", "web-2")
	r := &memory.Run{}
	r.Around = func(a *memory.Attempt) (any, error) {
		out, err := a.Work()
		if a.Step == activities.Build.Name && a.Service == "worker" && a.Nth == 1 {
			r.Lose(memory.Queue(1))
		}
		return out, err
	}
	ended := d.run(t, d.Shop("aaa", "web-1", "web-2"), r)
	want(t, ended, app.Succeeded)
	if n := ended.Count(activities.Build.Name); n != 4 {
		t.Errorf("%d builds of two services by two builders", n)
	}
}

func TestNoBuilderIsEverThere(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	before := d.states("web-1")
	var lost []string
	for n := range 9 {
		lost = append(lost, memory.Queue(n+1))
	}
	ended := d.run(t, spec, &memory.Run{LostQueues: lost})
	want(t, ended, app.FailedClean)
	same(t, before, d.states("web-1"))
	if n := ended.Count(activities.PickBuilder.Name); n != 5 {
		t.Errorf("%d builders were picked", n)
	}
	if f := ended.Result.Failure; f.Step != "build" || f.Service != "web" || !strings.Contains(f.Message, "worker") {
		t.Errorf("%+v", f)
	}
}

// A run that is cancelled between two builders has no queue to discard on.
func TestCancelWhileAnotherBuilderIsPicked(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	ended := d.run(t, spec, &memory.Run{LostQueues: []string{memory.Queue(1)}, Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.PickBuilder.Name && a.Nth == 2 {
			a.Cancel()
			return nil, a.Context().Err()
		}
		return a.Work()
	}})
	want(t, ended, app.Cancelled)
	if ended.Count(activities.DiscardBuild.Name) != 0 {
		t.Error("something was discarded on no queue")
	}
}

// What was built is gone from the builder's engine, by its user's cleaning: it is built again.
func TestBuiltImageIsLost(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Transfer.Name && a.Service == "web" && a.Nth == 1 && a.Number == 1 {
			if err := d.Machine(memory.Builder).Host().Engine().ImageRemove(a.Context(), "longshore/shop-production/web:1-aaa"); err != nil {
				return nil, err
			}
		}
		return a.Work()
	}})
	want(t, ended, app.Succeeded)
	if n := ended.Count(activities.PickBuilder.Name); n != 2 {
		t.Errorf("%d builders were picked", n)
	}
}

func TestBuildFails(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	before := d.states("web-1")
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Build.Name && a.Service == "worker" {
			return nil, activities.Fail(app.Failure{Kind: app.KindBuild, Service: "worker", Message: "RUN make failed", Logs: []string{"no rule"}, Exited: true, ExitCode: 2}, nil)
		}
		return a.Work()
	}})
	want(t, ended, app.FailedClean)
	same(t, before, d.states("web-1"))
	if f := ended.Result.Failure; f.Kind != app.KindBuild || f.Step != "build" || len(f.Logs) != 1 || f.ExitCode != 2 || f.Host != "" {
		t.Errorf("%+v", f)
	}
}

// An image of another architecture is refused before anything is started, built or carried from a registry.
func TestImageOfAnotherArchitecture(t *testing.T) {
	for _, push := range []bool{false, true} {
		d := world("web-1")
		spec := memory.Change(d.Shop("aaa", "web-1"), "db", func(s *app.Service) { s.Push = push })
		before := d.states("web-1")
		d.Machine("web-1").SetInfo(func(i *app.EngineInfo) { i.Architecture = "arm64" })
		ended := d.deploy(t, spec)
		want(t, ended, app.FailedClean)
		if f := ended.Result.Failure; f.Kind != app.KindArchitecture || ended.Count(activities.Prepare.Name) != 0 {
			t.Errorf("%+v", f)
		}
		d.Machine("web-1").SetInfo(func(i *app.EngineInfo) { i.Architecture = "amd64" })
		same(t, before, d.states("web-1"))
	}
}
