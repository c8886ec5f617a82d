package docker

import (
	"context"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// NetworkConnect implements host.Engine. A container that is in the network already is host.ErrConflict.
func (e *Engine) NetworkConnect(ctx context.Context, name, container string, a app.Attachment) error {
	op := "connect container " + container + " to network " + name
	return e.callMaking(ctx, quick, op, func(ctx context.Context, cli *client.Client) error {
		settings := endpoint(a)
		networking := &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{name: settings}}
		if err := fitEndpoints(cli.ClientVersion(), networking); err != nil {
			return err
		}
		return cli.NetworkConnect(ctx, name, container, settings)
	})
}
