//go:build e2e || soak

package faults

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/harness/load"
)

// outage is a time in which the site could not answer, because what answers was gone.
type outage struct{ from, to time.Time }

// outage strikes what serves the site, and waits until it answers again.
func (s *stage) outage(t *testing.T, fault func(t *testing.T)) outage {
	t.Helper()
	o := outage{from: time.Now()}
	fault(t)
	harness.Eventually(t, time.Minute, func() error {
		_, err := s.serving(t)
		return err
	})
	o.to = time.Now()
	t.Logf("the site was gone for %s", o.to.Sub(o.from).Round(time.Millisecond))
	return o
}

// onlyLostIn wants every lost request to have been under way in an outage.
func onlyLostIn(t *testing.T, report load.Report, outages []outage) {
	t.Helper()
	for _, loss := range report.Losses {
		in := false
		for _, o := range outages {
			// The slowest answer began that long before the outage.
			in = in || loss.At.After(o.from.Add(-slowFor-time.Second)) && loss.At.Before(o.to)
		}
		if !in {
			t.Errorf("lost outside of %v: %+v", outages, loss)
		}
	}
	t.Logf("%s", report)
}

// killEdge kills the edge's process as the kernel does when memory runs out: the engine on the host starts it again.
func (s *stage) killEdge(t *testing.T) {
	t.Helper()
	find := []string{"docker", "ps", "--quiet", "--filter", "label=" + app.LabelRole + "=" + app.RoleEdge}
	id, err := s.host.Exec(t.Context(), find...)
	if err != nil || id == "" {
		t.Fatalf("find the edge: %q, %v", id, err)
	}
	pid, err := s.host.Exec(t.Context(), "docker", "inspect", "--format", "{{.State.Pid}}", id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.host.Exec(t.Context(), "kill", "-9", pid); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, time.Minute, func() error {
		now, err := s.host.Exec(t.Context(), "docker", "inspect", "--format", "{{.State.Pid}}", id)
		if err == nil && (now == pid || now == "0") {
			err = fmt.Errorf("the edge is not back")
		}
		return err
	})
}

// reboots takes the host down at a step of a deploy. It comes back by itself with all that it ran, and the run goes on.
// An orderly shutdown stops the new containers while they are watched, which is a failure of theirs as far as can be
// seen: then the run ends with the old release in its place. That containers are started again is as it should be.
func (s *stage) reboots(t *testing.T, step string, fault func(context.Context) error) {
	t.Helper()
	var outages []outage
	report := s.loaded(t, func() {
		served := s.version
		d := s.begin(t)
		d.at(t, step, 1)
		outages = append(outages, s.outage(t, func(t *testing.T) {
			if err := fault(t.Context()); err != nil {
				t.Fatal(err)
			}
		}))
		result, out := d.ended(t)
		switch {
		case out.Code == 0 && result.Outcome == app.Succeeded:
			s.release = result.Release
			sameSteps(t, d.run.Follow(t, nil), s.steps)
			s.inOrder(t)
		case out.Code == 3 && result.Failure.Kind == app.KindExited:
			s.servesStill(t, served)
		default:
			t.Errorf("it ended %s: %s", result.Outcome, out)
		}
	})
	onlyLostIn(t, report, outages)
}
