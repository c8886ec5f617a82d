package host

import (
	"context"
	"errors"
	"net"

	"golang.org/x/sync/errgroup"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/activities/secretfiles"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	machine "github.com/longshore-dev/longshore/internal/host"
)

// Observe implements activities.Observe: everything is read at once, nothing is changed.
func (a Activities) Observe(ctx context.Context, in activities.ObserveInput) (app.Observed, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return app.Observed{}, failing.On(in.Host, err)
	}
	observed, err := Look(ctx, h, in)
	return observed, failing.On(in.Host, err)
}

// Look reads all that a plan for a site depends on.
func Look(ctx context.Context, h machine.Host, in activities.ObserveInput) (app.Observed, error) {
	o := app.Observed{Host: in.Host.Name, Images: map[string]app.Image{}}
	var current *app.Release
	var recorded []string
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		if o.Engine, err = h.Engine().Info(ctx); err != nil {
			return err
		}
		o.FreeBytes, err = h.Files().FreeBytes(ctx, o.Engine.RootDir)
		return err
	})
	group.Go(func() error { return lookAtContainers(ctx, h, in.Site, &o) })
	group.Go(func() error { return lookAtNetworks(ctx, h, in, &o) })
	group.Go(func() error { return lookAtImages(ctx, h, in.ImageRefs, o.Images) })
	group.Go(func() (err error) {
		current, recorded, err = release.Read(ctx, h, in.Site)
		return err
	})
	group.Go(func() (err error) {
		o.Fence, err = fence.Number(ctx, h, in.Site)
		return err
	})
	group.Go(func() (err error) {
		o.Stopped, err = release.Stopped(ctx, h, in.Site)
		return err
	})
	group.Go(func() (err error) {
		o.Edge, err = lookAtEdge(ctx, h)
		return err
	})
	group.Go(func() (err error) {
		o.Listening, err = listening(ctx, h)
		return err
	})
	if err := group.Wait(); err != nil {
		return app.Observed{}, err
	}
	if current != nil {
		o.Current = &app.RecordedRelease{
			ID: current.ID, OriginalRunID: current.OriginalRunID, SourceID: current.Spec.Source.ID,
			ImageIDs: map[string]string{}, Digests: map[string]string{}, Secrets: current.Spec.SecretVersions(),
		}
		for service, image := range current.Images {
			o.Current.ImageIDs[service] = image.ID
			if image.RepoDigest != "" {
				o.Current.Digests[service] = image.RepoDigest
			}
		}
	}
	o.LastNumber = lastNumber(o, in.Site, recorded)
	return o, nil
}

// lastNumber is the highest release number in any trace of the site.
func lastNumber(o app.Observed, site app.Site, recorded []string) int {
	last := 0
	for _, id := range recorded {
		last = max(last, app.ReleaseNumber(id))
	}
	for _, c := range o.Containers {
		last = max(last, app.ReleaseNumber(c.Labels[app.LabelRelease]))
	}
	if o.Edge != nil {
		if table, ok := o.Edge.Table(site); ok {
			last = max(last, app.ReleaseNumber(table.Release))
			if table.Canary != nil {
				last = max(last, app.ReleaseNumber(table.Canary.Release))
			}
		}
	}
	return last
}

func lookAtContainers(ctx context.Context, h machine.Host, site app.Site, o *app.Observed) error {
	all, err := h.Engine().ContainerList(ctx, nil)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Labels[app.LabelSite] == site.String() {
			o.Containers = append(o.Containers, c)
			continue
		}
		for _, p := range c.Ports {
			if p.Published != "" {
				o.Published = append(o.Published, app.PublishedPort{Port: p, Container: c.Name})
			}
		}
	}
	return secretfiles.LookUp(ctx, h, site, o.Containers)
}

func lookAtNetworks(ctx context.Context, h machine.Host, in activities.ObserveInput, o *app.Observed) error {
	labels := map[string]string{app.LabelSite: in.Site.String()}
	var err error
	if o.Networks, err = h.Engine().NetworkList(ctx, labels); err != nil {
		return err
	}
	if o.Volumes, err = h.Engine().VolumeList(ctx, labels); err != nil {
		return err
	}
	for _, name := range in.ExternalNetworks {
		_, err := h.Engine().NetworkInspect(ctx, name)
		if err := found(o, name, err); err != nil {
			return err
		}
	}
	for _, name := range in.ExternalVolumes {
		_, err := h.Engine().VolumeInspect(ctx, name)
		if err := found(o, name, err); err != nil {
			return err
		}
	}
	return nil
}

// found notes that something of others is there, unless err says that it is not.
func found(o *app.Observed, name string, err error) error {
	if errors.Is(err, machine.ErrNotFound) {
		return nil
	}
	if err == nil {
		o.External = append(o.External, name)
	}
	return err
}

func lookAtImages(ctx context.Context, h machine.Host, refs []string, into map[string]app.Image) error {
	for _, ref := range refs {
		image, err := h.Engine().ImageInspect(ctx, ref)
		if errors.Is(err, machine.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		image.Layers = nil // not needed for a plan, and long
		into[ref] = image
	}
	return nil
}

// lookAtEdge answers nil where no edge runs. An edge that runs and does not answer is an error: without its word on
// what serves, a plan could only guess.
func lookAtEdge(ctx context.Context, h machine.Host) (*app.EdgeStatus, error) {
	running, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelRole: app.RoleEdge})
	if err != nil {
		return nil, err
	}
	for _, c := range running {
		if !c.Running() {
			continue
		}
		status, err := edge.New(func(ctx context.Context) (net.Conn, error) {
			return h.Dial(ctx, "unix", h.Files().Root()+"/"+edge.StateDir+"/"+edge.Socket)
		}).Status(ctx)
		if err != nil {
			return nil, err
		}
		return &status, nil
	}
	return nil, nil
}
