// Package host implements the activities that read a host and take its fences.
package host

import (
	"context"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	machine "github.com/longshore-dev/longshore/internal/host"
)

// Activities are bound to the hosts that a worker can reach. They may run concurrently.
type Activities struct {
	Hosts machine.Opener
}

// Register binds the activities to their names.
func (a Activities) Register(r activities.Registry) {
	activities.Observe.Register(r, a.Observe)
	activities.TakeFence.Register(r, a.TakeFence)
}

// TakeFence implements activities.TakeFence.
func (a Activities) TakeFence(ctx context.Context, in activities.TakeFenceInput) (app.Fence, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return app.Fence{}, failing.On(in.Host, err)
	}
	taken, err := fence.Take(ctx, h, in.Site, in.RunID, in.AtLeast)
	return taken, failing.On(in.Host, err)
}
