//go:build e2e || soak

package faults

import (
	"maps"
	"testing"

	historypb "go.temporal.io/api/history/v1"
)

// scheduled counts the activities that a run has scheduled, by name.
func scheduled(events []*historypb.HistoryEvent) map[string]int {
	out := map[string]int{}
	for _, e := range events {
		if a := e.GetActivityTaskScheduledEventAttributes(); a != nil {
			out[a.GetActivityType().GetName()]++
		}
	}
	return out
}

// sameSteps wants a run to have scheduled what an undisturbed one does: an activity that has ended is never scheduled
// again, and an attempt that was lost is a retry, not another activity.
func sameSteps(t *testing.T, events []*historypb.HistoryEvent, want map[string]int) {
	t.Helper()
	if got := scheduled(events); !maps.Equal(got, want) {
		t.Errorf("the run has scheduled %v, an undisturbed one %v", got, want)
	}
}

// at waits until the run has scheduled a step for the nth time and an attempt of it is under way.
func (d *deploy) at(t *testing.T, step string, nth int) {
	t.Helper()
	seen := 0
	under := false
	d.run.Follow(t, func(e *historypb.HistoryEvent) bool {
		a := e.GetActivityTaskScheduledEventAttributes()
		if a.GetActivityType().GetName() != step {
			return true
		}
		if seen++; seen == nth {
			under = d.run.Underway(t, a.GetActivityId())
			return false
		}
		return true
	})
	if seen < nth {
		t.Fatalf("the run has ended without %s number %d", step, nth)
	}
	t.Logf("%s is under way: %t", step, under)
}
