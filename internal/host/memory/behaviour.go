package memory

import (
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// Behaviour is what a container does, and what happens to its image. The zero value starts at once, stays up, answers
// and ends on its stop signal.
type Behaviour struct {
	// Exits has the process end by itself, After it has started, with ExitCode.
	Exits    bool
	After    time.Duration
	ExitCode int
	// Stdout and Stderr are the lines that it prints at each start.
	Stdout, Stderr []string
	// HealthyAfter is when it begins to answer, counted from its start; NeverHealthy keeps it from ever doing so.
	HealthyAfter time.Duration
	NeverHealthy bool
	// UnhealthyAfter is when it ceases to answer, counted from its start; 0 means never.
	UnhealthyAfter time.Duration
	// IgnoresStop has it go on until it is killed at the end of the grace.
	IgnoresStop bool
	// StartError fails ContainerStart, StartDelay slows it.
	StartError error
	StartDelay time.Duration
	// PullError fails ImagePull, PullDelay slows it. They are looked up by image alone.
	PullError error
	PullDelay time.Duration
}

// BehaveImage has the containers of an image, named as they name it, behave so from their next start on.
func (m *Machine) BehaveImage(ref string, b Behaviour) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byImage[ref] = b
}

// BehaveService is BehaveImage for the containers whose label app.LabelService has the value. It counts more than the
// image's.
func (m *Machine) BehaveService(service string, b Behaviour) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byService[service] = b
}

// Answers says whether a container that has an address ("ip" or "ip:port") in any network runs and answers now: what an
// edge in memory asks for a health check. The container is that with the address.
func (m *Machine) Answers(address string) (c app.ContainerState, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for _, c := range m.containers {
		c.advance(now)
		for _, e := range c.endpoints {
			if e.address.IsValid() && (address == e.address.String() || hostOf(address) == e.address.String()) {
				return c.state(), c.status == running && c.answers(now)
			}
		}
	}
	return app.ContainerState{}, false
}

// Containers are the states of all containers, by name.
func (m *Machine) Containers() map[string]app.ContainerState {
	m.mu.Lock()
	defer m.mu.Unlock()
	states := make(map[string]app.ContainerState, len(m.containers))
	for _, c := range m.containers {
		c.advance(time.Now())
		states[c.name] = c.state()
	}
	return states
}

// BehaveRole is BehaveImage for the containers whose label app.LabelRole has the value. It counts more than the
// service's.
func (m *Machine) BehaveRole(role string, b Behaviour) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byRole[role] = b
}

func (m *Machine) behaviourOf(c app.Container) Behaviour {
	if b, ok := m.byRole[c.Labels[app.LabelRole]]; ok {
		return b
	}
	if b, ok := m.byService[c.Labels[app.LabelService]]; ok {
		return b
	}
	return m.byImage[c.Image]
}
