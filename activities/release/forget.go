package release

import (
	"context"

	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Forget removes all that a host remembers of a site, its images, what is known of their layers, and what is left of their uploads, but for the fence,
// which keeps refusing what is stale, and for the lock that is held meanwhile. The site's containers must be gone. The
// records go last: as long as one is there, the site is known not to be gone.
func Forget(ctx context.Context, h host.Host, site app.Site) error {
	err := untag(ctx, h, site, func(_ string, ours []string) []string { return ours })
	if err != nil {
		return err
	}
	if err := transfer.Forget(ctx, h.Files(), site); err != nil {
		return err
	}
	if err := transfer.Tidy(ctx, h); err != nil {
		return err
	}
	dir := fence.SiteDir(site)
	for _, name := range []string{"secrets", "files", "freeze.json", stoppedName, "marks", "current", "releases"} {
		if err := h.Files().Remove(ctx, dir+"/"+name); err != nil {
			return err
		}
	}
	return nil
}
