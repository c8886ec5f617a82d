//go:build e2e || soak

package faults

import (
	"testing"
	"time"
)

// The faults that a walk strikes with.

func (s *stage) killWorker(*testing.T) { s.worker.Restart() }

func (s *stage) killEngine(*testing.T) { s.engine.Restart() }

func (s *stage) killBoth(*testing.T) {
	s.worker.Kill()
	s.engine.Restart()
	s.worker.Restart()
}

// cutFor is long enough for several attempts to find the host gone.
const cutFor = time.Second

func (s *stage) cutSSH(t *testing.T) {
	s.host.Link.Cut()
	defer s.host.Link.Restore()
	select {
	case <-time.After(cutFor):
	case <-t.Context().Done():
	}
}

func (s *stage) powerCycle(t *testing.T) {
	t.Helper()
	if err := s.host.PowerCycle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) reboot(t *testing.T) {
	t.Helper()
	if err := s.host.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
}
