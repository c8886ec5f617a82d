//go:build e2e || soak

package faults

import (
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
