package docker

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// ContainerStop implements host.Engine. Grace is rounded up to whole seconds.
func (e *Engine) ContainerStop(ctx context.Context, id string, grace time.Duration) error {
	op := "stop container " + id
	var options container.StopOptions
	if grace >= 0 {
		seconds := wholeSeconds(grace)
		options.Timeout = &seconds
	} else {
		err := e.call(ctx, quick, op, func(ctx context.Context, cli *client.Client) (err error) {
			grace, err = ownGrace(ctx, cli, id)
			return err
		})
		if err != nil {
			return err
		}
	}
	return e.call(ctx, grace+slow, op, func(ctx context.Context, cli *client.Client) error {
		return cli.ContainerStop(ctx, id, options)
	})
}

// ownGrace is the time that the container was created with, or the engine's default.
func ownGrace(ctx context.Context, cli *client.Client, id string) (time.Duration, error) {
	found, err := cli.ContainerInspect(ctx, id)
	if err != nil {
		return 0, err
	}
	if found.Config == nil || found.Config.StopTimeout == nil {
		return 10 * time.Second, nil
	}
	return time.Duration(*found.Config.StopTimeout) * time.Second, nil
}
