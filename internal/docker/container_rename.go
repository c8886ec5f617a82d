package docker

import (
	"context"

	"github.com/docker/docker/client"
)

// ContainerRename implements host.Engine.
func (e *Engine) ContainerRename(ctx context.Context, id, name string) error {
	return e.callMaking(ctx, quick, "rename container "+id+" to "+name, func(ctx context.Context, cli *client.Client) error {
		return cli.ContainerRename(ctx, id, name)
	})
}
