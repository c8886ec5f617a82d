//go:build e2e || soak

package secrets

// The faults that strike at a rotation's steps.

func (s *stage) killWorker() { s.worker.Restart() }

func (s *stage) killEngine() { s.engine.Restart() }

func (s *stage) killBoth() {
	s.worker.Kill()
	s.engine.Restart()
	s.worker.Restart()
}
