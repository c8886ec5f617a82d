//go:build e2e || soak

package faults

import (
	"crypto/rand"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// fencedOff writes another run's fence in the midst of a run: that must stop at once, and may undo nothing either.
func (s *stage) fencedOff(t *testing.T) {
	s.underLoad(t, func() {
		s.host.Link.Delay(15 * time.Millisecond)
		defer s.host.Link.Delay(0)
		d := s.begin(t)
		d.at(t, "AwaitHealthy", 2)
		if err := s.host.WriteFile(t.Context(), s.stateDir()+"/fence", `{"number":1000,"run_id":"another"}`); err != nil {
			t.Fatal(err)
		}
		before := s.seen(t)
		result := d.result(t, 4, app.FailedDirty)
		if result.Failure == nil || result.Failure.Kind != app.KindFenced {
			t.Errorf("it ended with %+v", result.Failure)
		}
		if after := s.seen(t); after != before {
			t.Errorf("a run that is fenced off has changed the host from\n%s\nto\n%s", before, after)
		}
		s.host.Link.Delay(0)
		s.begin(t).succeeds(t)
	})
}

// frozenInRun freezes the worker in a step for longer than a heartbeat may fail, as a suspended machine is, and thaws it
// after another has finished the run.
func (s *stage) frozenInRun(t *testing.T) {
	s.underLoad(t, func() {
		s.host.Link.Delay(15 * time.Millisecond)
		defer s.host.Link.Delay(0)
		d := s.begin(t)
		d.at(t, "Start", 2)
		thaw := s.freeze(t)
		second := s.world.StartWorker("second")
		d.succeeds(t)
		s.unchangedBy(t, thaw)
		if err := second.Stop(time.Minute); err != nil {
			t.Error(err)
		}
		s.begin(t).succeeds(t)
	})
}

// frozenBeyondRun is the same with a run that is terminated, and a newer run that has finished.
func (s *stage) frozenBeyondRun(t *testing.T, after time.Duration) {
	s.underLoad(t, func() {
		const rtt = 500 * time.Millisecond
		s.host.Link.Delay(rtt / 2)
		defer s.host.Link.Delay(0)
		d := s.begin(t)
		s.amidChange(t, d, "Start", rtt, after)
		thaw := s.freeze(t)
		s.host.Link.Delay(0)
		d.terminate(t)
		second := s.world.StartWorker("later-" + strings.ToLower(rand.Text()[:6]))
		s.begin(t).succeeds(t)
		s.unchangedBy(t, thaw)
		if err := second.Stop(time.Minute); err != nil {
			t.Error(err)
		}
	})
}

// amidChange waits until a step of the run is about to change the host: it has the site's lock there, and has compared
// the fence under it, and a while after. The link's delay must be rtt/2.
func (s *stage) amidChange(t *testing.T, d *deploy, step string, rtt, after time.Duration) {
	t.Helper()
	d.at(t, step, 1)
	harness.Eventually(t, time.Minute, func() error {
		if _, err := s.host.Exec(t.Context(), "flock", "--nonblock", s.stateDir()+"/lock", "true"); err == nil {
			return errors.New("nobody has the site's lock")
		}
		return nil
	})
	// The word that it has the lock, and the fence, each in a session that is opened first.
	time.Sleep(2*rtt + after)
}

// freeze stops the worker's process and answers how to let it go on.
func (s *stage) freeze(t *testing.T) (thaw func()) {
	t.Helper()
	if err := s.worker.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := s.worker.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
}

// unchangedBy wants nothing on the host to change for a while after stale work goes on.
func (s *stage) unchangedBy(t *testing.T, goOn func()) {
	t.Helper()
	before := s.seen(t)
	goOn()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if after := s.seen(t); after != before {
			t.Fatalf("stale work has changed the host from\n%s\nto\n%s", before, after)
		}
	}
}

// seen is all that the host has of the site: containers, images, networks, the edge's routes, fence and records.
func (s *stage) seen(t *testing.T) string {
	t.Helper()
	const look = `docker ps --all --no-trunc --format '{{.ID}} {{.Names}} {{.State}}' --filter "label=$1" | sort
docker image ls --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' --filter "label=$1" | sort
docker network ls --no-trunc --format '{{.ID}} {{.Name}}' --filter "label=$1"
sha256sum /var/lib/longshore/edge/routes.json
find "$2" -type f | sort | xargs sha256sum`
	out, err := s.host.Exec(t.Context(), "sh", "-c", look, "look", app.LabelSite+"="+s.site.String(), s.stateDir())
	if err != nil {
		t.Fatal(err)
	}
	return out
}
