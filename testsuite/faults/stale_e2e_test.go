//go:build e2e

package faults

import "testing"

// Whatever an attempt that was given up still does must change nothing, however late it does it.
func TestStaleAttempts(t *testing.T) {
	t.Parallel()
	s := set(t)
	t.Run("a newer run has taken the fence", s.fencedOff)
	t.Run("the worker is frozen, and another finishes the run", s.frozenInRun)
}
