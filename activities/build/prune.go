package build

import (
	"cmp"
	"context"
	"slices"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// PruneBuilds implements activities.PruneBuilds. The layers of the newest releases stay in the build cache's reach.
func (a Activities) PruneBuilds(ctx context.Context, in activities.PruneBuildsInput) (activities.Nothing, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	images, err := h.Engine().ImageList(ctx, map[string]string{app.LabelSite: in.Site.String()})
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	for _, ref := range oldTags(in.Site, images, in.Keep) {
		if err := h.Engine().ImageRemove(ctx, ref); err != nil {
			return activities.Nothing{}, failing.On(in.Host, err)
		}
	}
	return activities.Nothing{}, nil
}

// oldTags are the site's own tags of all releases but the newest keep, and the ids of images that have lost theirs.
func oldTags(site app.Site, images []app.Image, keep int) []string {
	tags := map[string][]string{} // by release
	var out, releases []string
	for _, image := range images {
		if len(image.Tags) == 0 {
			out = append(out, image.ID)
		}
		for _, tag := range image.Tags {
			release, ours := planner.ImageRelease(site, image.Labels[app.LabelService], tag)
			if !ours {
				continue
			}
			if tags[release] == nil {
				releases = append(releases, release)
			}
			tags[release] = append(tags[release], tag)
		}
	}
	slices.SortFunc(releases, func(a, b string) int {
		return cmp.Or(cmp.Compare(app.ReleaseNumber(b), app.ReleaseNumber(a)), cmp.Compare(a, b))
	})
	for _, release := range releases[min(keep, len(releases)):] {
		out = append(out, tags[release]...)
	}
	return out
}
