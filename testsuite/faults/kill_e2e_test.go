//go:build e2e

package faults

import "testing"

func TestWorkerKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	s := set(t)
	s.underLoad(t, func() { s.walk(t, stepsOfRedeploy, s.killWorker) })
}

func TestEngineKilledAndSSHCutAtEveryStep(t *testing.T) {
	t.Parallel()
	s := set(t)
	t.Run("the engine is killed", func(t *testing.T) {
		s.underLoad(t, func() { s.walk(t, stepsOfRedeploy, s.killEngine) })
	})
	t.Run("SSH is cut", func(t *testing.T) {
		s.underLoad(t, func() { s.walk(t, stepsOverSSH(), s.cutSSH) })
	})
	t.Run("both are killed", func(t *testing.T) {
		s.underLoad(t, func() { s.walk(t, []string{"Start", "Switch"}, s.killBoth) })
	})
}
