package docker

import (
	"cmp"
	"context"
	"slices"

	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// VolumeList implements host.Engine. The volumes are sorted by name.
func (e *Engine) VolumeList(ctx context.Context, labels map[string]string) ([]app.VolumeState, error) {
	var out []app.VolumeState
	err := e.call(ctx, quick, "list volumes", func(ctx context.Context, cli *client.Client) error {
		found, err := cli.VolumeList(ctx, volume.ListOptions{Filters: labelFilter(labels)})
		if err != nil {
			return err
		}
		for _, v := range found.Volumes {
			out = append(out, app.VolumeState{Name: v.Name, Driver: v.Driver, Labels: v.Labels})
		}
		return nil
	})
	slices.SortFunc(out, func(a, b app.VolumeState) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}
