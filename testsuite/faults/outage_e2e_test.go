//go:build e2e

package faults

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

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
	t.Run("the host is rebooted in a transfer", func(t *testing.T) {
		s.reboots(t, "Transfer", func(t *testing.T) {
			if err := s.host.Reboot(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("the host loses its power before the switch", func(t *testing.T) {
		s.reboots(t, "AwaitStable", func(t *testing.T) {
			if err := s.host.PowerCycle(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// reboots takes the host down at a step of a deploy. It comes back by itself with all that it ran, and the run goes on;
// that containers are started again is as it should be.
func (s *stage) reboots(t *testing.T, step string, fault func(t *testing.T)) {
	t.Helper()
	var outages []outage
	report := s.loaded(t, func() {
		d := s.begin(t)
		d.at(t, step, 1)
		outages = append(outages, s.outage(t, fault))
		s.release = d.result(t, 0, app.Succeeded).Release
		sameSteps(t, d.follow(t, nil), s.steps)
	})
	s.inOrder(t)
	onlyLostIn(t, report, outages)
}
