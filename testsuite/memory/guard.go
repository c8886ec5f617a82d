package memory

import (
	"context"
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

// before watches every call to a machine, and then asks the test's own hook.
func (w *World) before(host string, op memory.Op) error {
	switch op.Name {
	case "ContainerStop", "ContainerRemove", "ContainerKill":
		w.guard(host, op)
	}
	w.mu.Lock()
	ask := w.onOp
	w.mu.Unlock()
	if ask == nil {
		return nil
	}
	return ask(host, op)
}

// guard notes a running container that is ended while its host's edge sends it traffic.
func (w *World) guard(host string, op memory.Op) {
	for _, c := range w.servers[host].machine.Containers() {
		if (c.ID == op.Subject || c.Name == op.Subject) && c.Running() && w.serves(host, c) {
			w.violation(host + ": " + op.Name + " of " + c.Name + ", which gets traffic")
		}
	}
}

// serves says whether a host's edge sends traffic to a container.
func (w *World) serves(host string, c app.ContainerState) bool {
	for _, t := range w.Tables(host) {
		for _, r := range t.Routes {
			for _, address := range c.Addresses {
				if slices.ContainsFunc(r.Upstreams, func(u string) bool { return hostOf(u) == address }) {
					return true
				}
			}
		}
	}
	return false
}

// Tables are those of a host's edge.
func (w *World) Tables(host string) []app.EdgeTable {
	// The memory edge's own status never fails.
	status, _ := w.servers[host].edge.Memory.Status(context.Background())
	return status.Tables
}

func hostOf(address string) string {
	for i := len(address) - 1; i >= 0; i-- {
		if address[i] == ':' {
			return address[:i]
		}
	}
	return address
}

func (w *World) violation(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, text)
}

// Violations are the moments in which requests would have been lost.
func (w *World) Violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.violations)
}

// Forgive forgets the violations so far: those of a test that breaks something by itself.
func (w *World) Forgive() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = nil
}
