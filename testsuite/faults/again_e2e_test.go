//go:build e2e

package faults

import (
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// A run that was terminated has undone nothing; the next one finds what is left and puts it in order.
func TestTerminated(t *testing.T) {
	t.Parallel()
	s := set(t)
	for _, step := range []string{"Build", "Transfer", "Start", "AwaitStable", "Switch", "Record", "Drain"} {
		t.Run("terminated at "+step, func(t *testing.T) {
			s.underLoad(t, func() {
				d := s.begin(t)
				d.at(t, step, 1)
				d.terminate(t)
				s.begin(t).succeeds(t)
			})
		})
	}
	t.Run("terminated in a canary", s.canaryTerminated)
}

// A run that has ended is reset to each of its workflow tasks, and ends in the same state again.
func TestReset(t *testing.T) {
	t.Parallel()
	s := set(t)
	t.Run("a finished run is reset", func(t *testing.T) {
		s.underLoad(t, func() {
			d := s.begin(t)
			d.succeeds(t)
			events := d.follow(t, nil)
			for _, point := range resetPoints(events) {
				outcome, err := d.reset(t, point)
				if err != nil || !slices.Contains(endsWell, outcome) {
					t.Errorf("reset to event %d: it ended %q, %v", point, outcome, err)
				}
				s.inOrder(t)
			}
		})
	})
	t.Run("a failed run is reset", func(t *testing.T) {
		s.underLoad(t, func() {
			served := s.version
			s.breakApp(t, true)
			d := s.begin(t)
			d.result(t, 3, app.FailedClean)
			s.servesStill(t, served)
			events := d.follow(t, nil)
			for _, point := range resetPoints(events) {
				outcome, err := d.reset(t, point)
				if outcome != app.FailedClean {
					t.Errorf("reset to event %d: it ended %q, %v", point, outcome, err)
				}
				s.servesStill(t, served)
			}
			s.breakApp(t, false)
			s.begin(t).succeeds(t)
		})
	})
	t.Run("a rollback is reset", s.rollbackReset)
}
