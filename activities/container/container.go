// Package container implements the activities that make, start, watch, stop and remove a site's containers, and the
// networks and volumes that they need.
package container

import (
	"context"
	"errors"
	"fmt"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Activities are bound to the hosts that a worker can reach. They may run concurrently.
type Activities struct {
	Hosts   host.Opener
	Secrets unseal.Opener
}

// Register binds the activities to their names.
func (a Activities) Register(r activities.Registry) {
	activities.Prepare.Register(r, a.Prepare)
	activities.Unprepare.Register(r, a.Unprepare)
	activities.Start.Register(r, a.Start)
	activities.AwaitHealthy.Register(r, a.AwaitHealthy)
	activities.AwaitStable.Register(r, a.AwaitStable)
	activities.Watch.Register(r, a.Watch)
	activities.RunReleaseCommand.Register(r, a.RunReleaseCommand)
	activities.Stop.Register(r, a.Stop)
	activities.Restore.Register(r, a.Restore)
	activities.Remove.Register(r, a.Remove)
	activities.Erase.Register(r, a.Erase)
	activities.RefreshSecrets.Register(r, a.RefreshSecrets)
	activities.RestoreSecrets.Register(r, a.RestoreSecrets)
}

// change runs an activity without a result under the site's fence.
func (a Activities) change(ctx context.Context, t activities.Target, change func(context.Context, host.Host) error) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, t, change)
}

// find answers a container of the site by name; false where there is none. Another's container of that name is none: it
// is never touched.
func find(ctx context.Context, h host.Host, site app.Site, name string) (app.ContainerState, bool, error) {
	c, err := h.Engine().ContainerInspect(ctx, name)
	if errors.Is(err, host.ErrNotFound) || (err == nil && c.Labels[app.LabelSite] != site.String()) {
		return app.ContainerState{}, false, nil
	}
	return c, err == nil, err
}

// findOwn is find before a container of the name is made: another's is then a failure that no retry mends.
func findOwn(ctx context.Context, h host.Host, site app.Site, name string) (app.ContainerState, bool, error) {
	c, err := h.Engine().ContainerInspect(ctx, name)
	if err == nil && c.Labels[app.LabelSite] != site.String() {
		err = failing.With(app.Failure{
			Kind: app.KindSpec, Host: h.Name(), Message: fmt.Sprintf("%s has a container %s that is not of %s", h.Name(), name, site),
			Advice: "Remove or rename it, or choose another container_name.",
		}, nil)
	}
	if errors.Is(err, host.ErrNotFound) {
		return app.ContainerState{}, false, nil
	}
	return c, err == nil, err
}
