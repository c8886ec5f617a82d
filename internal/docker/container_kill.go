package docker

import (
	"context"

	"github.com/docker/docker/client"
)

// ContainerKill implements host.Engine. One that does not run is an error of no kind.
func (e *Engine) ContainerKill(ctx context.Context, id, signal string) error {
	return e.call(ctx, quick, "send "+signal+" to container "+id, func(ctx context.Context, cli *client.Client) error {
		return cli.ContainerKill(ctx, id, signal)
	})
}
