package docker

import (
	"context"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// ContainerStart implements host.Engine.
func (e *Engine) ContainerStart(ctx context.Context, id string) error {
	return e.call(ctx, slow, "start container "+id, func(ctx context.Context, cli *client.Client) error {
		return cli.ContainerStart(ctx, id, container.StartOptions{})
	})
}
