package workflows_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// told are the answers of a run's calls, in the order in which they began: what a run that is reset finds in its history.
type told struct {
	mu    sync.Mutex
	spots []spot
	out   map[spot]any
	err   map[spot]error
}

// listenTo keeps the answers of a run. Of a call that was tried more than once, the last counts.
func listenTo(around func(*memory.Attempt) (any, error)) (*told, func(*memory.Attempt) (any, error)) {
	h := &told{out: map[spot]any{}, err: map[spot]error{}}
	return h, func(a *memory.Attempt) (any, error) {
		at := spotOf(a)
		h.mu.Lock()
		if !slices.Contains(h.spots, at) {
			h.spots = append(h.spots, at)
		}
		h.mu.Unlock()
		out, err := around(a)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.out[at], h.err[at] = out, err
		return out, err
	}
}

// until answers the first n calls from the history, and lets the run work from there.
func (h *told) until(n int) func(*memory.Attempt) (any, error) {
	return func(a *memory.Attempt) (any, error) {
		at := spotOf(a)
		if i := slices.Index(h.spots, at); i >= 0 && i < n {
			return h.out[at], h.err[at]
		}
		return a.Work()
	}
}

// A run is reset while it observes: what one host was before it, and another is after it, makes no plan.
func TestResetWhileItObserves(t *testing.T) {
	s := scenarios()[1]
	d := world(s.hosts...)
	spec := s.before(t, d, s.hosts...)
	history, around := listenTo((*memory.Attempt).Work)
	want(t, d.run(t, spec, &memory.Run{Around: around}), app.Succeeded)
	after, original := d.finished(s.hosts...), fmt.Sprintf("run-%d", d.runs)
	again := (&memory.Run{World: d.World, ID: original + "-reset", ResetOf: original, Around: history.until(1)}).Do(
		t, workflows.Deploy, workflows.DeployInput{Spec: spec, Order: workflows.Order{By: "tester"}})
	want(t, again, app.Unchanged)
	if got := d.finished(s.hosts...); !slices.Equal(got, after) {
		t.Errorf("ended as\n%s\nnot as\n%s", strings.Join(got, "\n"), strings.Join(after, "\n"))
	}
}

// A watched run is reset to each of its steps after its end: whether it had come to stay or had gone back, it ends in the
// same state.
func TestResetOfAWatchedRun(t *testing.T) {
	s := scenarios()[2]
	for _, unwell := range []bool{false, true} {
		begin := func(t *testing.T) (*deploys, *told, app.Spec, memory.Ended) {
			d := world(s.hosts...)
			spec := s.before(t, d, s.hosts...)
			history, around := listenTo(func(a *memory.Attempt) (any, error) {
				if unwell && a.Step == activities.Watch.Name && d.share("web-1") == "2-bbb" {
					d.Ended("web-1", shopSite, "2-bbb", 100, 50)
				}
				return a.Work()
			})
			ended := d.run(t, spec, &memory.Run{Around: around})
			if want := map[bool]app.Outcome{false: app.Succeeded, true: app.FailedClean}[unwell]; ended.Result.Outcome != want || ended.Result.Returned != unwell {
				t.Fatalf("%+v", ended.Result)
			}
			return d, history, spec, ended
		}
		_, history, _, _ := begin(t)
		for n := 1; n < len(history.spots); n++ {
			t.Run(fmt.Sprintf("unwell=%v_%d_%s", unwell, n, history.spots[n]), func(t *testing.T) {
				t.Parallel()
				d, history, spec, first := begin(t)
				after := d.finished(s.hosts...)
				original := fmt.Sprintf("run-%d", d.runs)
				again := (&memory.Run{World: d.World, ID: original + "-reset", ResetOf: original, Around: history.until(n)}).Do(
					t, workflows.Deploy, workflows.DeployInput{Spec: spec, Order: workflows.Order{By: "tester"}})
				for _, v := range d.Violations() {
					t.Error(v)
				}
				if again.Result.Outcome != first.Result.Outcome {
					t.Errorf("%s: %+v", again.Result.Outcome, again.Result.Failure)
				}
				if got, want := d.finished(s.hosts...), after; !slices.Equal(got, want) {
					t.Errorf("ended as\n%s\nnot as\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				if wanted := first.Result.Hosts[0].Release; d.current("web-1") != wanted || d.live("web-1") != wanted {
					t.Errorf("%s serves and %s is recorded, not %s", d.live("web-1"), d.current("web-1"), wanted)
				}
			})
		}
	}
}
