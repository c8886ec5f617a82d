package docker

import (
	"context"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// ContainerRemove implements host.Engine. It waits for a removal that is under way already.
func (e *Engine) ContainerRemove(ctx context.Context, id string) error {
	return e.call(ctx, slow, "remove container "+id, func(ctx context.Context, cli *client.Client) error {
		err := cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
		if cerrdefs.IsConflict(err) {
			_, err = waitFor(ctx, cli, id, container.WaitConditionRemoved)
		}
		if cerrdefs.IsNotFound(err) {
			return nil
		}
		return err
	})
}
