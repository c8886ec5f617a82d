package docker

import (
	"context"
	"fmt"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// VolumeCreate implements host.Engine. The engine itself would hand over the volume that has the name already, with
// whatever is in it and whosever it is.
func (e *Engine) VolumeCreate(ctx context.Context, name string, v app.Volume) error {
	return e.callMaking(ctx, slow, "create volume "+name, func(ctx context.Context, cli *client.Client) error {
		if _, err := cli.VolumeInspect(ctx, name); err == nil {
			return fmt.Errorf("a volume of that name is there: %w", cerrdefs.ErrConflict)
		} else if !cerrdefs.IsNotFound(err) {
			return err
		}
		_, err := cli.VolumeCreate(ctx, volume.CreateOptions{
			Name: name, Driver: v.Driver, DriverOpts: v.DriverOpts, Labels: v.Labels,
		})
		return err
	})
}
