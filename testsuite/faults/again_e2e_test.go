//go:build e2e

package faults

import "testing"

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

// A run that has ended is reset to one in three of its workflow tasks; the soak takes all.
func TestReset(t *testing.T) {
	t.Parallel()
	resetEndedRuns(t, 3)
}
