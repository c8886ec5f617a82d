package docker

import (
	"context"

	"github.com/docker/docker/client"
)

// VolumeRemove implements host.Engine. One that a container uses is an error of no kind.
func (e *Engine) VolumeRemove(ctx context.Context, name string) error {
	return e.call(ctx, slow, "remove volume "+name, func(ctx context.Context, cli *client.Client) error {
		return cli.VolumeRemove(ctx, name, false)
	})
}
