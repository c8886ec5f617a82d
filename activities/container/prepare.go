package container

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/planner"
)

// subnetAttempts bounds how often a subnet is looked for that another site has taken in the meantime.
const subnetAttempts = 10

// Prepare implements activities.Prepare.
func (a Activities) Prepare(ctx context.Context, in activities.PrepareInput) (activities.Nothing, error) {
	return a.change(ctx, in.Target, func(ctx context.Context, h host.Host) error {
		for _, n := range in.Networks {
			if err := ensureNetwork(ctx, h, in.Target, n); err != nil {
				return err
			}
		}
		for _, v := range in.Volumes {
			if err := ensureVolume(ctx, h, in.Site, v); err != nil {
				return err
			}
		}
		return nil
	})
}

func ensureNetwork(ctx context.Context, h host.Host, t activities.Target, n app.Network) error {
	name := planner.NetworkName(t.Site, n)
	_, err := h.Engine().NetworkInspect(ctx, name)
	if errors.Is(err, host.ErrNotFound) && n.External == "" {
		err = createNetwork(ctx, h, t, n, name)
	}
	if err != nil {
		return err
	}
	if n.Name == app.DefaultNetwork && t.Host.Edge.Mode == app.EdgeBridge {
		return joinEdge(ctx, h, name)
	}
	return nil
}

// createNetwork makes a network. Another site may take the subnet that was found free in the moment before: the engine
// refuses the second, which then looks again. No lock of the host is asked for that: a lock under the site's own would
// have many deploys at once wait for each other's sessions.
func createNetwork(ctx context.Context, h host.Host, t activities.Target, n app.Network, name string) error {
	n.Labels = labels(n.Labels, t.Site)
	n.Labels[app.LabelNetwork] = n.Name
	asked := n.Subnets
	for attempt := 1; ; attempt++ {
		if n.Name == app.DefaultNetwork {
			subnets, err := siteSubnets(ctx, h, t.Site, asked)
			if err != nil {
				return err
			}
			n.Subnets = subnets
		}
		_, err := h.Engine().NetworkCreate(ctx, name, n)
		switch {
		case errors.Is(err, host.ErrConflict):
			return nil // an earlier attempt made it
		case errors.Is(err, host.ErrAddressTaken) && len(asked) == 0 && attempt < subnetAttempts:
			continue
		}
		return err
	}
}

// siteSubnets are the site's own network's: the file's or a free one, with the lower half kept for fixed addresses.
func siteSubnets(ctx context.Context, h host.Host, site app.Site, asked []app.Subnet) ([]app.Subnet, error) {
	subnets := slices.Clone(asked)
	if len(subnets) == 0 {
		free, err := freeSubnet(ctx, h, site)
		if err != nil {
			return nil, err
		}
		subnets = []app.Subnet{{CIDR: free}}
	}
	for i, s := range subnets {
		if dynamic, ok := planner.DynamicRange(s.CIDR); ok && s.Range == "" {
			subnets[i].Range = dynamic
		}
	}
	return subnets, nil
}

// joinEdge connects an edge that does not use the host's network.
func joinEdge(ctx context.Context, h host.Host, network string) error {
	edges, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelRole: app.RoleEdge})
	if err != nil {
		return err
	}
	for _, e := range edges {
		if _, joined := e.Addresses[network]; joined || !e.Running() {
			continue
		}
		err := h.Engine().NetworkConnect(ctx, network, e.ID, app.Attachment{Network: network})
		if err != nil && !errors.Is(err, host.ErrConflict) {
			return err
		}
	}
	return nil
}

func ensureVolume(ctx context.Context, h host.Host, site app.Site, v app.Volume) error {
	name := planner.VolumeName(site, v)
	_, err := h.Engine().VolumeInspect(ctx, name)
	if !errors.Is(err, host.ErrNotFound) || v.External != "" {
		return err
	}
	v.Labels = labels(v.Labels, site)
	v.Labels[app.LabelVolume] = v.Name
	return h.Engine().VolumeCreate(ctx, name, v)
}

// labels adds the site's label to a user's.
func labels(users map[string]string, site app.Site) map[string]string {
	out := map[string]string{}
	maps.Copy(out, users)
	out[app.LabelSite] = site.String()
	return out
}

// Unprepare implements activities.Unprepare. What is not the site's stays.
func (a Activities) Unprepare(ctx context.Context, in activities.UnprepareInput) (activities.Nothing, error) {
	return a.change(ctx, in.Target, func(ctx context.Context, h host.Host) error {
		if may, err := release.MayUndo(ctx, h, in.Target, in.Release); err != nil || !may {
			return err
		}
		for _, name := range in.Networks {
			if err := removeNetwork(ctx, h, in.Target, name); err != nil {
				return err
			}
		}
		for _, name := range in.Volumes {
			v, err := h.Engine().VolumeInspect(ctx, name)
			if errors.Is(err, host.ErrNotFound) || (err == nil && v.Labels[app.LabelSite] != in.Site.String()) {
				continue
			}
			if err != nil {
				return err
			}
			if err := removeVolume(ctx, h, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// removeVolume removes a volume that may have gone meanwhile.
func removeVolume(ctx context.Context, h host.Host, name string) error {
	err := h.Engine().VolumeRemove(ctx, name)
	if errors.Is(err, host.ErrNotFound) {
		return nil
	}
	return err
}

func removeNetwork(ctx context.Context, h host.Host, t activities.Target, name string) error {
	n, err := h.Engine().NetworkInspect(ctx, name)
	if errors.Is(err, host.ErrNotFound) || (err == nil && n.Labels[app.LabelSite] != t.Site.String()) {
		return nil
	}
	if err != nil {
		return err
	}
	if t.Host.Edge.Mode == app.EdgeBridge {
		if err := leaveEdge(ctx, h, name); err != nil {
			return err
		}
	}
	err = h.Engine().NetworkRemove(ctx, name)
	if errors.Is(err, host.ErrNotFound) {
		return nil
	}
	return err
}

// leaveEdge disconnects a bridged edge from a network that goes away.
func leaveEdge(ctx context.Context, h host.Host, network string) error {
	edges, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelRole: app.RoleEdge})
	if err != nil {
		return err
	}
	for _, e := range edges {
		err := h.Engine().NetworkDisconnect(ctx, network, e.ID)
		if err != nil && !errors.Is(err, host.ErrNotFound) {
			return err
		}
	}
	return nil
}
