package container

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/planner"
)

// Start implements activities.Start.
func (a Activities) Start(ctx context.Context, in activities.StartInput) (activities.Started, error) {
	var out activities.Started
	err := fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		out = activities.Started{Names: make([]string, len(in.Containers)), Addresses: make([]string, len(in.Containers))}
		bring := a.bringing(ctx, h, in)
		return each(ctx, in.Containers, func(ctx context.Context, i int, plan app.ContainerPlan) error {
			address, err := startOne(ctx, h, in, plan, bring)
			if err != nil {
				return fmt.Errorf("start %s: %w", plan.Name, err)
			}
			out.Names[i], out.Addresses[i] = plan.Name, address
			return nil
		})
	})
	return out, err
}

// startOne makes and starts one container, or finds that an earlier attempt has. It answers its address in the site's
// own network.
func startOne(ctx context.Context, h host.Host, in activities.StartInput, plan app.ContainerPlan, bring bringing) (string, error) {
	c, there, err := findOwn(ctx, h, in.Site, plan.Name)
	if err != nil {
		return "", err
	}
	if there && c.Labels[app.LabelRelease] != in.Release {
		// A container_name that moved from one service to another: the old one would be lost to a run that fails.
		return "", failing.With(app.Failure{
			Kind: app.KindSpec, Host: in.Host.Name, Service: in.Service.Name,
			Message: fmt.Sprintf("the container %s of %s still has that name (service %s)", plan.Name, c.Labels[app.LabelRelease], c.Labels[app.LabelService]),
			Advice:  "Deploy once without that container_name, and then again with it.",
		}, nil)
	}
	if there && c.Labels[app.LabelConfig] != in.Config {
		if err := h.Engine().ContainerRemove(ctx, c.ID); err != nil {
			return "", err
		}
		there = false
	}
	id := c.ID
	if !there {
		request, err := containerOf(ctx, h, in, plan, bring)
		if err != nil {
			return "", err
		}
		if id, err = create(ctx, h, in, plan.Name, request); err != nil {
			return "", err
		}
	}
	// A container that an earlier attempt has started and that has ended since is for the health check to judge.
	if !there || c.Status == "created" {
		if err := h.Engine().ContainerStart(ctx, id); err != nil {
			return "", err
		}
	}
	started, err := h.Engine().ContainerInspect(ctx, id)
	if err != nil {
		return "", err
	}
	return started.Addresses[in.Networks[app.DefaultNetwork]], nil
}

// create makes a container. What it is made of was there when the run prepared it: a run that is reset after it was
// undone finds it gone, and no retry brings it back.
func create(ctx context.Context, h host.Host, in activities.StartInput, name string, request app.Container) (string, error) {
	id, err := "", volumesAreThere(ctx, h, request)
	if err == nil {
		id, err = h.Engine().ContainerCreate(ctx, name, request)
	}
	if errors.Is(err, host.ErrNotFound) {
		return "", failing.With(app.Failure{
			Kind: app.KindMissing, Host: in.Host.Name, Service: in.Service.Name,
			Message: fmt.Sprintf("%s cannot be made: %s", name, err),
			Advice:  "Deploy again: what was prepared for it is gone.",
		}, nil)
	}
	return id, err
}

// containerOf completes a service's container: image, labels, real names, fixed address, files and secrets.
func containerOf(ctx context.Context, h host.Host, in activities.StartInput, plan app.ContainerPlan, bring bringing) (app.Container, error) {
	c := in.Service.Container
	c.Image = in.ImageID
	c.Platform = in.Service.Platform
	c.Labels = labels(c.Labels, in.Site)
	c.Labels[app.LabelService] = in.Service.Name
	c.Labels[app.LabelRelease] = in.Release
	c.Labels[app.LabelConfig] = in.Config
	c.Labels[app.LabelRole] = app.RoleService
	if plan.Replica > 0 {
		c.Labels[app.LabelReplica] = strconv.Itoa(plan.Replica)
	}
	c.Mounts = slices.Clone(c.Mounts)
	for i, m := range c.Mounts {
		if name, ok := in.Volumes[m.Source]; ok && m.Type == "volume" {
			c.Mounts[i].Source = name
		}
	}
	if err := attach(ctx, h, in, plan, &c); err != nil {
		return c, err
	}
	files, err := writeFiles(ctx, h, in.Site, plan.Name, c.Files)
	if err != nil {
		return c, err
	}
	c.Files, c.Mounts = nil, append(c.Mounts, files...)
	secrets, err := bring()
	if err != nil {
		return c, err
	}
	secrets.into(&c)
	return c, nil
}

// attach turns the networks' keys into real names and fixes the address in the site's own. A routed service that has
// networks of its own joins the site's as well, since the edge reaches it there.
func attach(ctx context.Context, h host.Host, in activities.StartInput, plan app.ContainerPlan, c *app.Container) error {
	if c.NetworkMode != "" {
		return nil
	}
	c.Networks = slices.Clone(c.Networks)
	joined := slices.ContainsFunc(c.Networks, func(a app.Attachment) bool { return a.Network == app.DefaultNetwork })
	if plan.Slot > 0 && !joined {
		c.Networks = append(c.Networks, app.Attachment{Network: app.DefaultNetwork})
	}
	for i, a := range c.Networks {
		name, ok := in.Networks[a.Network]
		if !ok {
			return fmt.Errorf("the network %s is not planned for this host: %w", a.Network, host.ErrNotFound)
		}
		if a.Network == app.DefaultNetwork && plan.Slot > 0 {
			address, err := slotAddress(ctx, h, name, plan.Slot)
			if err != nil {
				return err
			}
			c.Networks[i].IPv4 = address
		}
		c.Networks[i].Network = name
	}
	return nil
}

var errNoRoom = errors.New("the site's network has no room for another fixed address")

func slotAddress(ctx context.Context, h host.Host, network string, slot int) (string, error) {
	n, err := h.Engine().NetworkInspect(ctx, network)
	if err != nil {
		return "", err
	}
	if len(n.Subnets) == 0 {
		return "", fmt.Errorf("%s: %w", network, errNoRoom)
	}
	address, ok := planner.SlotAddress(n.Subnets[0], slot)
	if !ok {
		return "", fmt.Errorf("%s (%s): %w", network, n.Subnets[0], errNoRoom)
	}
	return address, nil
}

// volumesAreThere fails with a host.ErrNotFound for a named volume that is gone: the engine would make another in its
// place, an empty one without our labels.
func volumesAreThere(ctx context.Context, h host.Host, request app.Container) error {
	for _, m := range request.Mounts {
		if m.Type != "volume" || m.Source == "" {
			continue
		}
		if _, err := h.Engine().VolumeInspect(ctx, m.Source); err != nil {
			return err
		}
	}
	return nil
}
