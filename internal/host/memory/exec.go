package memory

import (
	"context"

	"github.com/longshore-dev/longshore/internal/host"
)

// ContainerExec does nothing in a container that runs: its programs are not emulated.
func (e *engine) ContainerExec(ctx context.Context, id string, cmd host.ExecCommand) (host.Output, error) {
	if _, err := e.begin(ctx, "ContainerExec", id); err != nil {
		return host.Output{}, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	_, err := e.container(id)
	return host.Output{}, err
}
