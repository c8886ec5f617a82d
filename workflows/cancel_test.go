package workflows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// moment is when a cancellation comes to a call: before its work, or when it is done.
type moment string

const (
	beforeWork moment = "before"
	afterWork  moment = "after"
)

// cancelAt cancels the run at a call.
func cancelAt(at spot, when moment) func(*memory.Attempt) (any, error) {
	return func(a *memory.Attempt) (any, error) {
		if spotOf(a) != at {
			return a.Work()
		}
		if when == afterWork {
			defer a.Cancel()
		} else {
			a.Cancel()
		}
		return a.Work()
	}
}

func TestCancelAtEveryStep(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			for _, at := range s.spots(t) {
				if s.settles(at) {
					continue
				}
				for _, when := range []moment{beforeWork, afterWork} {
					t.Run(fmt.Sprintf("%s_%s", at, when), func(t *testing.T) {
						t.Parallel()
						d := world(s.hosts...)
						spec := s.before(t, d, s.hosts...)
						before := d.states(s.hosts...)
						ended := d.run(t, spec, &memory.Run{Around: cancelAt(at, when)})
						if (at.step == activities.Prove.Name || at.step == activities.Watch.Name) && when == afterWork && ended.Result.Outcome == app.Succeeded {
							return // the other host was done already: it came too late
						}
						want(t, ended, app.Cancelled)
						same(t, before, d.states(s.hosts...))
						if ended.Result.Failure != nil {
							t.Errorf("%+v", ended.Result.Failure)
						}
					})
				}
			}
		})
	}
}

func TestCancelAfterTheSwitchComesTooLate(t *testing.T) {
	for _, step := range []string{activities.Record.Name, activities.Drain.Name, activities.Prune.Name} {
		t.Run(step, func(t *testing.T) {
			d := world("web-1")
			want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
			ended := d.run(t, d.Shop("bbb", "web-1"), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
				if a.Step == step {
					a.RequestCancel()
				}
				return a.Work()
			}})
			want(t, ended, app.Succeeded)
			if len(ended.Result.Notes) != 1 || !strings.Contains(ended.Result.Notes[0], "after the switch") {
				t.Errorf("notes %q", ended.Result.Notes)
			}
			if d.live("web-1") != "2-bbb" {
				t.Errorf("serves %q", d.live("web-1"))
			}
		})
	}
}

func TestCancelThatCannotBeUndoneIsDirty(t *testing.T) {
	d := world("web-1")
	want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
	ended := d.run(t, d.Shop("bbb", "web-1"), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		switch a.Step {
		case activities.AwaitStable.Name:
			a.Cancel()
		case activities.Clean.Name:
			return nil, broken("clean")
		}
		return a.Work()
	}})
	want(t, ended, app.FailedDirty)
	if f := ended.Result.Failure; len(f.Left) != 1 || !strings.Contains(f.Left[0], "web-1: ") || !strings.Contains(f.Advice, "broken for the test") {
		t.Errorf("%+v", f)
	}
}

// A retry that waits for its time is given up by a cancellation.
func TestCancelEndsRetries(t *testing.T) {
	d := world("web-1", "web-2")
	spec := d.Shop("aaa", "web-1", "web-2")
	before := d.states("web-1", "web-2")
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step != activities.Prepare.Name || a.Host != "web-1" {
			return a.Work()
		}
		if a.Number == 3 {
			a.RequestCancel()
		}
		return nil, lost("web-1")
	}})
	want(t, ended, app.Cancelled)
	same(t, before, d.states("web-1", "web-2"))
}
