package docker

import (
	"cmp"
	"context"
	"slices"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"github.com/longshore-dev/longshore/internal/app"
)

// inspections is how many containers are inspected at once: each takes a connection to the host.
const inspections = 4

// ContainerList implements host.Engine. The states are whole and sorted by name; a container that goes while they are
// gathered is left out.
func (e *Engine) ContainerList(ctx context.Context, labels map[string]string) ([]app.ContainerState, error) {
	var out []app.ContainerState
	err := e.call(ctx, slow, "list containers", func(ctx context.Context, cli *client.Client) error {
		found, err := cli.ContainerList(ctx, container.ListOptions{All: true, Filters: labelFilter(labels)})
		if err != nil {
			return err
		}
		states := make([]app.ContainerState, len(found))
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(inspections)
		for i, summary := range found {
			group.Go(func() error {
				inspected, err := cli.ContainerInspect(ctx, summary.ID)
				if cerrdefs.IsNotFound(err) {
					return nil
				}
				if err != nil {
					return err
				}
				states[i] = containerState(inspected)
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		out = slices.DeleteFunc(states, func(s app.ContainerState) bool { return s.ID == "" })
		slices.SortFunc(out, func(a, b app.ContainerState) int { return cmp.Compare(a.Name, b.Name) })
		return nil
	})
	return out, err
}
