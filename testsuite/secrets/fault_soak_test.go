//go:build soak

package secrets

import (
	"slices"
	"testing"
	"time"

	historypb "go.temporal.io/api/history/v1"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// TestSoakRotationKilledAtEveryStep kills worker, engine and both at each step, in an order of its own each time.
func TestSoakRotationKilledAtEveryStep(t *testing.T) {
	s, chance := set(t, project{}), harness.Chance(t)
	s.slowly(15 * time.Millisecond)
	own, run := s.steps()
	for name, fault := range map[string]func(){"the worker": s.killWorker, "the engine": s.killEngine, "both": s.killBoth} {
		for _, i := range chance.Perm(len(own) + len(run)) {
			s.atStep(t, name+" killed", slices.Concat(own, run)[i], i >= len(own), func(*rotation) func() { return fault }, app.Succeeded)
		}
	}
}

// TestSoakRotationCancelledAtEveryStep cancels at each step, which goes back before the revoke and forward after it.
func TestSoakRotationCancelledAtEveryStep(t *testing.T) {
	s := set(t, project{})
	s.slowly(15 * time.Millisecond)
	own, run := s.steps()
	own = own[:len(own)-1] // which is over before a cancel gets there
	revoke := slices.Index(own, "RevokeCredential")
	for i, step := range slices.Concat(own, run) {
		late := i >= revoke && i < len(own)
		outcome := app.Cancelled
		if late {
			outcome = app.Succeeded
		}
		s.atStep(t, "cancelled", step, i >= len(own), func(r *rotation) func() { return r.held(0, func() { r.cancel(late) }) }, outcome)
	}
}

// TestSoakRotationKilledOnTheWayBack kills at each step of the way back from the soak.
func TestSoakRotationKilledOnTheWayBack(t *testing.T) {
	s := set(t, project{})
	s.slowly(15 * time.Millisecond)
	for name, fault := range map[string]func(){"the worker": s.killWorker, "the engine": s.killEngine, "both": s.killBoth} {
		for _, step := range []string{"SettleVersion 2", "RotateSite 2", "FindConsumers 3", "RevokeCredential", "SettleVersion 3"} {
			t.Run(name+" killed at "+step, func(t *testing.T) {
				part := s.in(t)
				part.underLoad(func() {
					r := part.begin("--soak", "1h")
					r.struck(blows{soaks: func() { part.cancel(false) }, step: fault})
					r.ends(app.Cancelled)
				})
			})
		}
	}
}

// TestSoakRotationWithASiteLost leaves a host frozen for longer than the way back waits for it: what is left is told, and
// the next rotation mends it.
func TestSoakRotationWithASiteLost(t *testing.T) {
	s := set(t, project{sites: []string{"production", "staging"}})
	r := s.begin()
	r.run.Patience = 20 * time.Minute
	r.struck(blows{"SettleVersion": func() {
		if err := s.hosts[1].Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
	}})
	result, out := r.ended()
	if err := s.hosts[1].Unpause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out.Code != 4 || result.Outcome != app.FailedDirty || result.Failure == nil || len(result.Failure.Left) == 0 || result.Revoked {
		t.Errorf("the rotation ended with %s", out)
	}
	if s.admits(0, s.value("DATABASE_URL", result.New)) {
		t.Error("the site that could be reached admits the new version")
	}
	for site := range s.hosts {
		s.runs(site, result.Old, "shop_a")
		if !s.admits(site, s.value("DATABASE_URL", result.Old)) {
			t.Errorf("%s: the database refuses the old version", s.project.sites[site])
		}
	}
	s.underLoad(func() { s.begin().ends(app.Succeeded) })
}

// steps are those of an undisturbed rotation, and of the run that it asks its site for.
func (s *stage) steps() (own, run []string) {
	s.t.Helper()
	r := s.begin()
	named := func(into *[]string) func(*historypb.HistoryEvent) bool {
		seen := map[string]int{}
		return func(e *historypb.HistoryEvent) bool {
			if step := stepOf(e, seen); step != "" {
				*into = append(*into, step)
			}
			return true
		}
	}
	r.run.Follow(s.t, named(&own))
	r.siteRun(0, 1).Follow(s.t, named(&run))
	r.ends(app.Succeeded)
	return own, run
}

// atStep rotates with a blow at one step, of the rotation's own or of its site's run.
func (s *stage) atStep(t *testing.T, name, step string, ofRun bool, blow func(*rotation) func(), outcome app.Outcome) {
	t.Run(name+" at "+step, func(t *testing.T) {
		part := s.in(t)
		part.underLoad(func() {
			r := part.begin()
			at := blows{step: blow(r)}
			if ofRun {
				at = blows{"RotateSite": r.inRun(0, 1, at)}
			}
			r.struck(at)
			r.ends(outcome)
		})
	})
}
