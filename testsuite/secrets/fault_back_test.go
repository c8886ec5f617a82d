//go:build e2e || soak

package secrets

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// slowly delays what goes to the hosts: steps that take milliseconds would be over before they are struck.
func (s *stage) slowly(delay time.Duration) {
	for _, h := range s.hosts {
		h.Link.Delay(delay)
	}
}

// fails wants the rotation to go back for a reason of a kind.
func (r *rotation) fails(kind string) app.RotationResult {
	r.t.Helper()
	result := r.ends(app.FailedClean)
	if result.Failure == nil || result.Failure.Kind != kind || result.Failure.Advice == "" {
		r.t.Errorf("the rotation tells of the failure %+v, not of one of kind %s with an advice", result.Failure, kind)
	}
	return result
}

// refusedByDatabase has the database let nobody in as the user whose turn it is.
func (s *stage) refusedByDatabase() {
	s.t.Helper()
	const reject = "cp /data/db/pg_hba.conf /data/db/pg_hba.before && echo host all shop_b all reject > /data/db/pg_hba.conf && cat /data/db/pg_hba.before >> /data/db/pg_hba.conf"
	s.inDatabase(0, reject+" && psql --username=postgres --command='SELECT pg_reload_conf()'")
	s.underLoad(func() {
		r := s.begin()
		result, out := r.ended()
		s.inDatabase(0, "mv /data/db/pg_hba.before /data/db/pg_hba.conf && psql --username=postgres --command='SELECT pg_reload_conf()'")
		if result.Failure == nil || result.Failure.Step != string(app.PhaseTest) {
			s.t.Errorf("the rotation was not refused in its test: %s", out)
		}
		r.fails(app.KindCredential)
	})
}

// inDatabase runs a script in a site's database.
func (s *stage) inDatabase(site int, script string) {
	s.t.Helper()
	for id := range s.containers(site, "db") {
		if _, err := s.hosts[site].Exec(s.t.Context(), "docker", "exec", id, "sh", "-euc", script); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stage) cancelledInTest() {
	s.t.Helper()
	s.underLoad(func() {
		r := s.begin()
		r.struck(blows{"TestCredential": s.held(0, func() { s.cancel(false) })})
		r.ends(app.Cancelled)
	})
}

func (s *stage) cancelledInRoll() {
	s.t.Helper()
	s.underLoad(func() {
		r := s.begin()
		r.struck(blows{"RotateSite": r.inRun(0, 1, blows{"AwaitHealthy": s.held(0, func() { s.cancel(false) })})})
		r.ends(app.Cancelled)
	})
}

// cancelledInSoak asks for another rotation before the cancel. Blows strike on the way back.
func (s *stage) cancelledInSoak(soak string, back func(*rotation) blows) {
	s.t.Helper()
	s.underLoad(func() {
		r := s.begin("--soak", soak)
		at := back(r)
		at[soaks] = func() {
			if other, out := s.rotate(); out.Code != 5 || other.Outcome != app.Refused {
				s.t.Errorf("another rotation ended with %s", out)
			}
			s.cancel(false)
		}
		r.struck(at)
		r.ends(app.Cancelled)
	})
}

// terminatedInTest leaves a pending version and its credential behind. The next rotation ends both, and is cancelled after
// its revoke has begun.
func (s *stage) terminatedInTest() {
	s.t.Helper()
	s.underLoad(func() {
		r := s.begin()
		r.struck(blows{"TestCredential": r.terminate})
		if result, out := r.ended(); result.Outcome != app.FailedDirty || out.Code != 4 {
			s.t.Errorf("a rotation that was terminated ended with %s", out)
		}
		pending := s.is(app.VersionPending)
		r = s.begin()
		r.struck(blows{"RevokeCredential": s.held(0, func() { s.cancel(true) })})
		result := r.ends(app.Succeeded)
		if !slices.ContainsFunc(result.Notes, func(note string) bool { return strings.Contains(note, "only goes forward") }) {
			s.t.Errorf("the late cancel is not told of: %q", result.Notes)
		}
		if pending == "" || s.admits(0, s.value("DATABASE_URL", pending)) {
			s.t.Errorf("the database admits version %q, which was left pending", pending)
		}
	})
}

// terminatedBeforeRoll leaves apps behind that are the user whose turn is next. They keep working while that turn comes.
func (s *stage) terminatedBeforeRoll() {
	s.t.Helper()
	s.underLoad(func() {
		r := s.begin()
		r.struck(blows{"SettleVersion": r.terminate})
		harness.Eventually(s.t, time.Minute, func() error {
			if s.is(app.VersionPending) != "" {
				return errors.New("the new version is not the current one")
			}
			return nil
		})
		s.begin().ends(app.Succeeded)
	})
}

// compromised looks for the old credential before any app has the new one.
func (s *stage) compromised() {
	s.t.Helper()
	current := s.is(app.VersionCurrent)
	r := s.begin("--compromised")
	r.struck(blows{"RotateSite": func() {
		if s.admits(0, s.value("DATABASE_URL", current)) {
			s.t.Errorf("the database admits version %s while it is rolled out", current)
		}
		if state := s.states()[current]; state != app.VersionRevoked {
			s.t.Errorf("version %s is %s while it is rolled out", current, state)
		}
	}})
	r.ends(app.Succeeded)
}

// cutBefore cuts the last site's host off before the rotation begins, which then changes nothing.
func (s *stage) cutBefore() {
	s.t.Helper()
	away := len(s.hosts) - 1
	s.underLoad(func() {
		s.hosts[away].Link.Cut()
		result, out := s.rotate()
		s.hosts[away].Link.Restore()
		if out.Code != 3 || result.Outcome != app.FailedClean || result.New != "" || result.Failure == nil || result.Failure.Kind != app.KindUnreachable {
			s.t.Errorf("the rotation ended with %s", out)
		}
		s.good("1", "")
	})
}

// cutInRoll cuts the last site's host off before its run begins, until the rotation goes back. The next one succeeds.
func (s *stage) cutInRoll() {
	s.t.Helper()
	away := len(s.hosts) - 1
	s.underLoad(func() {
		r := s.begin()
		r.struck(blows{"SettleVersion": s.hosts[away].Link.Cut, "SettleVersion 2": s.hosts[away].Link.Restore})
		r.fails(app.KindUnreachable)
		s.begin().ends(app.Succeeded)
	})
}

// unwell has the apps of the first site not be well as a user whose turn is next.
func (s *stage) unwell(user string) {
	s.t.Helper()
	s.rewrite(func(p *project) { p.unwellAs = user })
	s.deploy(s.project.sites[0])
	s.underLoad(func() { s.begin().fails(app.KindUnhealthy) })
}
