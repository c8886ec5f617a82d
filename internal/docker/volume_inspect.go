package docker

import (
	"context"

	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// VolumeInspect implements host.Engine.
func (e *Engine) VolumeInspect(ctx context.Context, name string) (app.VolumeState, error) {
	var out app.VolumeState
	err := e.call(ctx, quick, "inspect volume "+name, func(ctx context.Context, cli *client.Client) error {
		found, err := cli.VolumeInspect(ctx, name)
		if err != nil {
			return err
		}
		out = app.VolumeState{Name: found.Name, Driver: found.Driver, Labels: found.Labels}
		return nil
	})
	return out, err
}
