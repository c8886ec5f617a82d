package docker

import (
	"context"

	"github.com/docker/docker/client"
)

// NetworkDisconnect implements host.Engine.
func (e *Engine) NetworkDisconnect(ctx context.Context, name, container string) error {
	op := "disconnect container " + container + " from network " + name
	return e.call(ctx, quick, op, func(ctx context.Context, cli *client.Client) error {
		return cli.NetworkDisconnect(ctx, name, container, false)
	})
}
