package memory

import (
	"context"
	"fmt"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// engine is the simulated Docker engine.
type engine struct {
	host    *Host
	machine *Machine
}

var _ host.Engine = (*engine)(nil)

// begin is the start of every call to the engine.
func (e *engine) begin(ctx context.Context, op, subject string) (<-chan struct{}, error) {
	line, err := e.host.begin(ctx, op, subject)
	if err != nil {
		return nil, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	if e.machine.noEngine {
		return nil, fmt.Errorf("%w: %s", host.ErrNoDocker, e.machine.name)
	}
	return line, nil
}

// fail names the machine in an error.
func (e *engine) fail(kind error, what string) error {
	return fmt.Errorf("%w: %s: %s", kind, e.machine.name, what)
}

// Info answers what SetInfo made of it.
func (e *engine) Info(ctx context.Context) (app.EngineInfo, error) {
	if _, err := e.begin(ctx, "Info", ""); err != nil {
		return app.EngineInfo{}, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	return e.machine.info, nil
}

// carries says whether labels hold all that are wanted; an empty value matches any.
func carries(labels, wanted map[string]string) bool {
	for key, want := range wanted {
		if got, ok := labels[key]; !ok || want != "" && got != want {
			return false
		}
	}
	return true
}
