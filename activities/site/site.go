// Package site implements the activities of a site's own workflow: what hosts know of the site, and the runs that the
// engine has of it. It must not know what a run does.
package site

import (
	"context"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/internal/host"
)

// Activities are bound to the hosts that a worker can reach and to the engine it works for. They may run concurrently.
type Activities struct {
	Hosts  host.Opener
	Client client.Client
}

// Register binds the activities to their names.
func (a Activities) Register(r activities.Registry) {
	activities.Remember.Register(r, a.Remember)
	activities.KeepFreeze.Register(r, a.KeepFreeze)
	activities.OpenRuns.Register(r, a.OpenRuns)
	activities.Rejoin.Register(r, a.Rejoin)
}

// Remember implements activities.Remember.
func (a Activities) Remember(ctx context.Context, in activities.RememberInput) (activities.Remembered, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Remembered{}, failing.On(in.Host, err)
	}
	var known activities.Remembered
	current, _, err := release.Read(ctx, h, in.Site)
	if err == nil {
		known.Fence, err = fence.Number(ctx, h, in.Site)
	}
	if err == nil {
		known.Freeze, err = ReadFreeze(ctx, h, in.Site)
	}
	if err != nil {
		return activities.Remembered{}, failing.On(in.Host, err)
	}
	if current != nil {
		known.Current, known.Behind = current.ID, current.Behind
	}
	return known, nil
}
