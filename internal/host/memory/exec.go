package memory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

// ContainerExec hands the command to what OnExec was given. What has not ended when its container does is killed.
func (e *engine) ContainerExec(ctx context.Context, id string, cmd host.ExecCommand) (host.Output, error) {
	if len(cmd.Args) == 0 {
		return host.Output{}, errors.New("a command needs a program")
	}
	line, err := e.begin(ctx, "ContainerExec", id)
	if err != nil {
		return host.Output{}, err
	}
	m := e.machine
	m.mu.Lock()
	c, err := e.container(id)
	if err == nil && c.status != running {
		err = fmt.Errorf("%s: container %s is not running", m.name, id)
	}
	if err != nil {
		m.mu.Unlock()
		return host.Output{}, err
	}
	state, exec := c.state(), m.exec
	m.mu.Unlock()
	if exec == nil {
		return host.Output{}, nil
	}
	killed := &host.ExitError{Command: cmd.Args[0], Code: 137}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		err := e.host.await(ctx, line, func() (bool, time.Duration) {
			c.advance(time.Now())
			return c.status != running || c.startedAt != state.StartedAt, c.until(time.Now())
		})
		if err == nil {
			cancel(killed)
		}
	}()
	return e.host.call(ctx, line, func(ctx context.Context) (host.Output, error) { return exec(ctx, state, cmd) })
}
