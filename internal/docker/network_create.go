package docker

import (
	"context"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// NetworkCreate implements host.Engine. A subnet that something else has is host.ErrAddressTaken.
func (e *Engine) NetworkCreate(ctx context.Context, name string, n app.Network) (string, error) {
	options := network.CreateOptions{
		Driver:     n.Driver,
		Internal:   n.Internal,
		Attachable: n.Attachable,
		Options:    n.DriverOpts,
		Labels:     n.Labels,
	}
	if n.EnableIPv6 {
		options.EnableIPv6 = &n.EnableIPv6
	}
	if len(n.Subnets) > 0 {
		options.IPAM = &network.IPAM{}
		for _, s := range n.Subnets {
			options.IPAM.Config = append(options.IPAM.Config, network.IPAMConfig{
				Subnet: s.CIDR, IPRange: s.Range, Gateway: s.Gateway, AuxAddress: s.Aux,
			})
		}
	}
	var id string
	err := e.callMaking(ctx, slow, "create network "+name, func(ctx context.Context, cli *client.Client) error {
		created, err := cli.NetworkCreate(ctx, name, options)
		id = created.ID
		return err
	})
	return id, err
}
