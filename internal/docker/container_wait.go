package docker

import (
	"context"
	"errors"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// ContainerWait implements host.Engine.
func (e *Engine) ContainerWait(ctx context.Context, id string) (int, error) {
	var code int
	err := e.stream(ctx, "wait for container "+id, func(ctx context.Context, cli *client.Client) (err error) {
		code, err = waitFor(ctx, cli, id, container.WaitConditionNotRunning)
		return err
	})
	return code, err
}

// waitFor needs no eye on ctx of its own: its end ends the answer.
func waitFor(ctx context.Context, cli *client.Client, id string, condition container.WaitCondition) (int, error) {
	answers, errs := cli.ContainerWait(ctx, id, condition)
	select {
	case answer := <-answers:
		if answer.Error != nil {
			return 0, errors.New(answer.Error.Message)
		}
		return int(answer.StatusCode), nil
	case err := <-errs:
		return 0, err
	}
}
