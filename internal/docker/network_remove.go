package docker

import (
	"context"

	"github.com/docker/docker/client"
)

// NetworkRemove implements host.Engine.
func (e *Engine) NetworkRemove(ctx context.Context, name string) error {
	return e.call(ctx, quick, "remove network "+name, func(ctx context.Context, cli *client.Client) error {
		return cli.NetworkRemove(ctx, name)
	})
}
