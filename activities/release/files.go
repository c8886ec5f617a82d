package release

import (
	"context"

	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/planner"
)

// FilesDir is the folder of a site's config files on a host.
func FilesDir(site app.Site) string { return fence.SiteDir(site) + "/files" }

// pruneFiles removes the config files that none of the releases names, and what a killed write has left.
func pruneFiles(ctx context.Context, h host.Host, site app.Site, releases []app.Release) error {
	used := map[string]bool{}
	for _, r := range releases {
		for _, s := range r.Spec.Services {
			for _, f := range s.Container.Files {
				used[planner.FileName(f)] = true
			}
		}
	}
	names, err := h.Files().List(ctx, FilesDir(site))
	if err != nil {
		return err
	}
	for _, name := range names {
		if used[name] {
			continue
		}
		if err := h.Files().Remove(ctx, FilesDir(site)+"/"+name); err != nil {
			return err
		}
	}
	return nil
}
