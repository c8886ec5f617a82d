package docker

import (
	"cmp"
	"context"
	"slices"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// NetworkList implements host.Engine. The networks are sorted by name.
func (e *Engine) NetworkList(ctx context.Context, labels map[string]string) ([]app.NetworkState, error) {
	var out []app.NetworkState
	err := e.call(ctx, quick, "list networks", func(ctx context.Context, cli *client.Client) error {
		found, err := cli.NetworkList(ctx, network.ListOptions{Filters: labelFilter(labels)})
		for _, n := range found {
			out = append(out, networkState(n))
		}
		return err
	})
	slices.SortFunc(out, func(a, b app.NetworkState) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}
