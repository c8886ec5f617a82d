//go:build e2e

package secrets

import (
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// Worker and engine are killed at steps of a rotation, several times in each: it ends as if nothing had happened. The soak
// tests have every step.
func TestRotationSurvivesKills(t *testing.T) {
	t.Parallel()
	s := set(t, project{})
	s.slowly(15 * time.Millisecond)
	t.Run("with new containers", func(t *testing.T) {
		s := s.in(t)
		s.underLoad(func() {
			r := s.begin()
			r.struck(blows{
				"AddCredential":    s.killWorker,
				"SettleVersion":    s.killEngine,
				"RotateSite":       r.inRun(0, 1, blows{"Start": s.killWorker, "Switch": s.killEngine}),
				"RevokeCredential": s.killWorker,
			})
			r.ends(app.Succeeded)
		})
	})

	s.rewrite(func(p *project) { p.asFile, p.onChange = true, "{ signal: SIGHUP }" })
	s.deploy("production")
	t.Run("with a signal", func(t *testing.T) {
		s := s.in(t)
		s.underLoad(func() {
			r := s.begin()
			r.struck(blows{
				"BeginVersion":    s.killWorker,
				"RotateSite":      r.inRun(0, 1, blows{"RefreshSecrets": s.killBoth}),
				"SettleVersion 2": s.killBoth,
			})
			r.ends(app.Succeeded)
		})
	})
	t.Run("on the way back from the soak", func(t *testing.T) {
		s.in(t).cancelledInSoak("15s", func(r *rotation) blows {
			return blows{
				"RotateSite 2":     r.inRun(0, 2, blows{"RefreshSecrets": r.killWorker}),
				"RevokeCredential": r.killEngine,
				"SettleVersion 3":  r.killBoth,
			}
		})
	})
}

// What fails or is cancelled before the revoke goes back, and what comes after goes forward.
func TestRotationGoesBack(t *testing.T) {
	t.Parallel()
	s := set(t, project{})
	s.slowly(15 * time.Millisecond)
	t.Run("the database refuses the new credential", func(t *testing.T) { s.in(t).refusedByDatabase() })
	t.Run("cancelled in the test", func(t *testing.T) { s.in(t).cancelledInTest() })
	t.Run("cancelled in the roll", func(t *testing.T) { s.in(t).cancelledInRoll() })
	t.Run("cancelled in the soak, with another one refused", func(t *testing.T) {
		s.in(t).cancelledInSoak("1h", func(*rotation) blows { return blows{} })
	})
	t.Run("terminated in the test, and the next one cancelled too late", func(t *testing.T) { s.in(t).terminatedInTest() })
	t.Run("terminated before the roll", func(t *testing.T) { s.in(t).terminatedBeforeRoll() })
	t.Run("compromised", func(t *testing.T) { s.in(t).compromised() }) // it loses queries, as it has to
}

// With one of two sites out of reach, or not well with the new version, both stay what they were. Their apps are sent a
// signal, there and back.
func TestRotationWithASiteUnreachable(t *testing.T) {
	t.Parallel()
	s := set(t, project{sites: []string{"production", "staging"}, asFile: true, onChange: "{ signal: SIGHUP }"})
	t.Run("before it begins", func(t *testing.T) { s.in(t).cutBefore() })
	t.Run("in the roll", func(t *testing.T) { s.in(t).cutInRoll() })
	t.Run("no app of one gets well", func(t *testing.T) { s.in(t).unwell("shop_a") })
}
