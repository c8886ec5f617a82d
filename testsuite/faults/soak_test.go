//go:build soak

package faults

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// TestSoakEveryFaultAtEveryStep is the whole matrix, in an order of its own each time.
func TestSoakEveryFaultAtEveryStep(t *testing.T) {
	s, r := set(t), harness.Chance(t)
	faults := map[string]func(*testing.T){
		"the worker is killed": s.killWorker, "the engine is killed": s.killEngine, "both are killed": s.killBoth, "SSH is cut": s.cutSSH,
	}
	for name, fault := range faults {
		for _, i := range r.Perm(len(stepsOfRedeploy)) {
			step := stepsOfRedeploy[i]
			t.Run(name+" at "+step, func(t *testing.T) {
				s.underLoad(t, func() { s.walk(t, []string{step}, fault) })
			})
		}
	}
	for _, step := range stepsOfRedeploy {
		t.Run("the edge is killed at "+step, func(t *testing.T) {
			var outages []outage
			report := s.loaded(t, func() {
				s.walk(t, []string{step}, func(t *testing.T) { outages = append(outages, s.outage(t, s.killEdge)) })
			})
			onlyLostIn(t, report, outages)
		})
		t.Run("the host loses its power at "+step, func(t *testing.T) { s.reboots(t, step, s.host.PowerCycle) })
		t.Run("the host is rebooted at "+step, func(t *testing.T) { s.reboots(t, step, s.host.Reboot) })
	}
}

// TestSoakFaultsAtRandom strikes each deploy several times, with any fault at any moment.
func TestSoakFaultsAtRandom(t *testing.T) {
	s, r := set(t), harness.Chance(t)
	faults := []func(*testing.T){s.killWorker, s.killEngine, s.killBoth, s.cutSSH}
	for range 30 {
		s.underLoad(t, func() {
			d := s.begin(t)
			for range 1 + r.IntN(4) {
				select {
				case <-time.After(time.Duration(r.IntN(6000)) * time.Millisecond):
				case <-t.Context().Done():
				}
				faults[r.IntN(len(faults))](t)
			}
			d.succeeds(t)
		})
	}
}

// TestSoakUploadsInterrupted strikes large uploads with each fault, at moments that nobody has chosen.
func TestSoakUploadsInterrupted(t *testing.T) {
	const size = 96 * mib
	s, r := empty(t, ""), harness.Chance(t)
	s.begin(t).result(t, 0, app.Succeeded)
	for name, fault := range map[string]func(*testing.T){
		"the worker is killed": s.killWorker, "both are killed": s.killBoth, "SSH is cut": s.cutSSH,
		"the host loses its power": s.powerCycle, "the host is rebooted": s.reboot,
	} {
		t.Run(name, func(t *testing.T) {
			var after []int64
			for range 3 {
				after = append(after, r.Int64N(size-4*mib))
			}
			slices.Sort(after)
			s.interrupted(t, size, fault, after...)
		})
	}
}

// TestSoakFrozenBeyondItsRun freezes the worker at several moments of a change.
func TestSoakFrozenBeyondItsRun(t *testing.T) {
	s := set(t)
	for wait := range 5 {
		t.Run(strconv.Itoa(wait), func(t *testing.T) { s.frozenBeyondRun(t, time.Duration(wait)*300*time.Millisecond) })
	}
}

// TestSoakResetFromEveryPoint resets runs that have ended to the end of each of their workflow tasks.
func TestSoakResetFromEveryPoint(t *testing.T) { resetEndedRuns(t, 1) }
