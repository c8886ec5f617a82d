package docker

import (
	"context"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// ImageRemove implements host.Engine. The last tag of an image that a container uses stays, so that a later call can
// still name the image: the engine would remove it only by force, and a stopped container's image with it.
func (e *Engine) ImageRemove(ctx context.Context, ref string) error {
	return e.call(ctx, slow, "remove image "+ref, func(ctx context.Context, cli *client.Client) error {
		_, err := cli.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
		if cerrdefs.IsNotFound(err) || usedByContainer(err) {
			return nil
		}
		return err
	})
}

// usedByContainer tells that conflict from an id's that several tags share.
func usedByContainer(err error) bool {
	return cerrdefs.IsConflict(err) && strings.Contains(err.Error(), "container ")
}
