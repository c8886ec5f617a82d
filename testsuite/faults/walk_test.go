//go:build e2e || soak

package faults

import (
	"slices"
	"testing"
	"time"

	historypb "go.temporal.io/api/history/v1"
)

// walk deploys, and lets a fault strike at each of the steps while it is under way: several in one run. A step that was
// over before it could be struck gets its turn in a deploy after; in the last one it is struck just after its end, which
// is a moment like others.
func (s *stage) walk(t *testing.T, steps []string, fault func(t *testing.T)) {
	t.Helper()
	const deploys = 3
	// Steps that take milliseconds would be over before they are seen.
	s.host.Link.Delay(15 * time.Millisecond)
	defer s.host.Link.Delay(0)
	left := slices.Clone(steps)
	for n := 1; n <= deploys && len(left) > 0; n++ {
		d := s.begin(t)
		d.run.Follow(t, func(e *historypb.HistoryEvent) bool {
			a := e.GetActivityTaskScheduledEventAttributes()
			step := a.GetActivityType().GetName()
			i := slices.Index(left, step)
			if i < 0 {
				return true
			}
			under := d.run.Underway(t, a.GetActivityId())
			if !under && n < deploys {
				return true
			}
			t.Logf("%s deploy %d: strike at %s, under way: %t", time.Now().Format("15:04:05.000"), n, step, under)
			left = slices.Delete(left, i, i+1)
			fault(t)
			return true
		})
		d.succeeds(t)
	}
	if len(left) > 0 {
		t.Errorf("never struck at: %v", left)
	}
}
