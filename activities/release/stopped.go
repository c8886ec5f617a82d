package release

import (
	"context"
	"slices"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

const stoppedName = "stopped"

func stoppedPath(site app.Site) string { return fence.SiteDir(site) + "/" + stoppedName }

// MarkStopped implements activities.MarkStopped: a file says that a site is stopped.
func (a Activities) MarkStopped(ctx context.Context, in activities.StopSiteInput) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		if in.Stopped {
			return h.Files().Write(ctx, stoppedPath(in.Site), []byte("stopped\n"), 0)
		}
		return h.Files().Remove(ctx, stoppedPath(in.Site))
	})
}

// Stopped says whether a site was stopped on purpose on a host.
func Stopped(ctx context.Context, h host.Host, site app.Site) (bool, error) {
	names, err := h.Files().List(ctx, fence.SiteDir(site))
	return slices.Contains(names, stoppedName), err
}
