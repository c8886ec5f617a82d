package secretfiles

import (
	"context"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// RemoveUnused removes the folder of a release's service that no container is left of. Nothing may make one meanwhile.
func RemoveUnused(ctx context.Context, h host.Host, site app.Site, release, service string) error {
	left, err := h.Engine().ContainerList(ctx, map[string]string{
		app.LabelSite: site.String(), app.LabelRelease: release, app.LabelService: service,
	})
	if err != nil || len(left) > 0 {
		return err
	}
	return h.Files().Remove(ctx, Of(h, site, release, service).path)
}

// RemoveRelease removes all folders of a release. Its containers must be gone.
func RemoveRelease(ctx context.Context, h host.Host, site app.Site, release string) error {
	return h.Files().Remove(ctx, siteDir(site)+"/"+release)
}

// Sweep removes the folders of a site that no container is left of, and of the others what is of no use once a run has
// come to its end: what Refresh has kept, and what broke off. Nothing may work on the site meanwhile.
func Sweep(ctx context.Context, h host.Host, site app.Site) error {
	releases, err := h.Files().List(ctx, siteDir(site))
	if err != nil || len(releases) == 0 {
		return err
	}
	containers, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelSite: site.String()})
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, c := range containers {
		used[OfContainer(h, site, c).path] = true
	}
	for _, release := range releases {
		if err := sweepRelease(ctx, h, site, release, used); err != nil {
			return err
		}
	}
	return nil
}

func sweepRelease(ctx context.Context, h host.Host, site app.Site, release string, used map[string]bool) error {
	services, err := h.Files().List(ctx, siteDir(site)+"/"+release)
	if err != nil {
		return err
	}
	unused := slices.DeleteFunc(slices.Clone(services), func(service string) bool { return used[Of(h, site, release, service).path] })
	if len(unused) == len(services) {
		return RemoveRelease(ctx, h, site, release)
	}
	for _, service := range services {
		folder := Of(h, site, release, service)
		if !used[folder.path] {
			err = h.Files().Remove(ctx, folder.path)
		} else {
			err = folder.tidy(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tidy removes all that a container does not need.
func (f Folder) tidy(ctx context.Context) error { return f.sweep(ctx, before, making) }

// sweep removes what has a name that begins so.
func (f Folder) sweep(ctx context.Context, prefixes ...string) error {
	names, err := f.host.Files().List(ctx, f.path)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		if err := f.host.Files().Remove(ctx, f.path+"/"+name); err != nil {
			return err
		}
	}
	return nil
}
