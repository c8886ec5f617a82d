package docker

import (
	"context"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// NetworkInspect implements host.Engine.
func (e *Engine) NetworkInspect(ctx context.Context, name string) (app.NetworkState, error) {
	var out app.NetworkState
	err := e.call(ctx, quick, "inspect network "+name, func(ctx context.Context, cli *client.Client) error {
		found, err := cli.NetworkInspect(ctx, name, network.InspectOptions{})
		if err != nil {
			return err
		}
		out = networkState(found)
		return nil
	})
	return out, err
}

func networkState(found network.Inspect) app.NetworkState {
	out := app.NetworkState{ID: found.ID, Name: found.Name, Driver: found.Driver, Labels: found.Labels}
	for _, config := range found.IPAM.Config {
		out.Subnets = append(out.Subnets, config.Subnet)
		out.Gateways = append(out.Gateways, config.Gateway)
	}
	return out
}
