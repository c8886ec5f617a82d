//go:build e2e

package faults

import (
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// A run that was terminated has undone nothing; the next one finds what is left and puts it in order.
func TestTerminatedAndReset(t *testing.T) {
	t.Parallel()
	s := set(t)
	for _, step := range []string{"Start", "Switch"} {
		t.Run("terminated at "+step, func(t *testing.T) {
			s.underLoad(t, func() {
				d := s.begin(t)
				d.at(t, step, 1)
				d.terminate(t)
				s.begin(t).succeeds(t)
			})
		})
	}
	t.Run("a finished run is reset", func(t *testing.T) {
		s.underLoad(t, func() {
			d := s.begin(t)
			d.succeeds(t)
			events := d.follow(t, nil)
			for _, step := range []string{"Observe", "Build", "Start", "RunReleaseCommand", "Switch", "Prune"} {
				outcome, err := d.reset(t, before(t, events, step))
				if err != nil || !slices.Contains(endsWell, outcome) {
					t.Errorf("reset before %s: it ended %q, %v", step, outcome, err)
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
			for _, step := range []string{"Transfer", "AwaitHealthy", "Clean"} {
				outcome, err := d.reset(t, before(t, events, step))
				if outcome != app.FailedClean {
					t.Errorf("reset before %s: it ended %q, %v", step, outcome, err)
				}
				s.servesStill(t, served)
			}
			s.breakApp(t, false)
			s.begin(t).succeeds(t)
		})
	})
}
