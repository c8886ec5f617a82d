//go:build e2e

package faults

import "testing"

func TestEdgeKilledAndHostRebooted(t *testing.T) {
	t.Parallel()
	s := set(t)
	t.Run("the edge is killed", func(t *testing.T) {
		var outages []outage
		report := s.loaded(t, func() {
			s.walk(t, []string{"Start", "Switch", "Prove", "Drain"}, func(t *testing.T) {
				outages = append(outages, s.outage(t, s.killEdge))
			})
		})
		onlyLostIn(t, report, outages)
	})
	t.Run("the host is rebooted before the switch", func(t *testing.T) {
		s.reboots(t, "AwaitStable", s.host.Reboot)
	})
	t.Run("the host loses its power in a transfer", func(t *testing.T) {
		s.reboots(t, "Transfer", s.host.PowerCycle)
	})
	t.Run("the host loses its power after the switch", func(t *testing.T) {
		s.reboots(t, "Record", s.host.PowerCycle)
	})
}
