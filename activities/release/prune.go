package release

import (
	"context"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/secretfiles"
	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/planner"
)

// Prune implements activities.Prune. The newest records stay, the current one always, and where there is room for two the
// one that a rollback would return to; images are kept as long as a record names them. The current release's command
// container stays too: a run that is reset must not repeat the command.
func (a Activities) Prune(ctx context.Context, in activities.PruneInput) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		current, ids, err := Read(ctx, h, in.Site)
		if err != nil || current == nil {
			return err
		}
		if err := removeCommands(ctx, h, in.Site, current.ID); err != nil {
			return err
		}
		if err := secretfiles.Sweep(ctx, h, in.Site); err != nil {
			return err
		}
		all, err := LoadAll(ctx, h, in.Site, ids)
		if err != nil {
			return err
		}
		marks, err := loadMarks(ctx, h, in.Site)
		if err != nil {
			return err
		}
		keep := newest(ids, current.ID, in.Keep)
		if target, ok := toReturnTo(all, marks, current); ok {
			keep = withTarget(keep, target.ID)
		}
		kept := slices.DeleteFunc(all, func(r app.Release) bool { return !slices.Contains(keep, r.ID) })
		used := map[string]bool{}
		for _, r := range kept {
			for _, image := range r.Images {
				used[image.Ref], used[image.ID] = true, true
			}
		}
		if err := untag(ctx, h, in.Site, func(id string, ours []string) []string { return unusedTags(used, id, ours) }); err != nil {
			return err
		}
		for _, id := range ids {
			if slices.Contains(keep, id) {
				continue
			}
			if err := h.Files().Remove(ctx, recordPath(in.Site, id)); err != nil {
				return err
			}
		}
		if err := pruneMarks(ctx, h, in.Site, keep); err != nil {
			return err
		}
		if err := transfer.Tidy(ctx, h); err != nil {
			return err
		}
		return pruneFiles(ctx, h, in.Site, kept)
	})
}

// removeCommands removes the containers of release commands of all releases but the current one.
func removeCommands(ctx context.Context, h host.Host, site app.Site, current string) error {
	commands, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelSite: site.String(), app.LabelRole: app.RoleReleaseCommand})
	if err != nil {
		return err
	}
	for _, c := range commands {
		if c.Labels[app.LabelRelease] == current {
			continue
		}
		if err := h.Engine().ContainerRemove(ctx, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// newest are the last n of ids, the current one among them.
func newest(ids []string, current string, n int) []string {
	others := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == current })
	others = others[max(0, len(others)-max(0, n-1)):]
	return append(others, current)
}

// withTarget has the release that a rollback would return to take the place of the oldest that is kept besides the
// current one, which is the last.
func withTarget(keep []string, target string) []string {
	if slices.Contains(keep, target) || len(keep) < 2 {
		return keep
	}
	return append([]string{target}, keep[1:]...)
}

// Clean implements activities.Clean. Containers go before the images that they use.
func (a Activities) Clean(ctx context.Context, in activities.CleanInput) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		if may, err := MayUndo(ctx, h, in.Target, in.Release); err != nil || !may {
			return err
		}
		containers, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelSite: in.Site.String(), app.LabelRelease: in.Release})
		if err != nil {
			return err
		}
		for _, c := range containers {
			if err := h.Engine().ContainerRemove(ctx, c.ID); err != nil {
				return err
			}
		}
		if err := secretfiles.RemoveRelease(ctx, h, in.Site, in.Release); err != nil {
			return err
		}
		if err := transfer.Forget(ctx, h.Files(), in.Site); err != nil {
			return err
		}
		err = untag(ctx, h, in.Site, func(_ string, ours []string) []string {
			return slices.DeleteFunc(ours, func(tag string) bool { return !strings.HasSuffix(tag, ":"+in.Release) })
		})
		if err != nil {
			return err
		}
		if err := transfer.Tidy(ctx, h); err != nil {
			return err
		}
		return cleanFiles(ctx, h, in.Site)
	})
}

// cleanFiles removes the config files that no recorded release names.
func cleanFiles(ctx context.Context, h host.Host, site app.Site) error {
	_, ids, err := Read(ctx, h, site)
	if err != nil {
		return err
	}
	recorded, err := LoadAll(ctx, h, site, ids)
	if err != nil {
		return err
	}
	return pruneFiles(ctx, h, site, recorded)
}

// unusedTags are those of an image's tags that no record names. An image that a record names by its id alone, since a
// release kept its container, keeps its last tag.
func unusedTags(used map[string]bool, id string, ours []string) []string {
	unused := slices.DeleteFunc(slices.Clone(ours), func(tag string) bool { return used[tag] })
	if used[id] && len(unused) == len(ours) && len(ours) > 0 {
		return unused[:len(unused)-1]
	}
	return unused
}

// untag removes those of each image's tags of the site that unwanted chooses, by the image's id and its tags.
func untag(ctx context.Context, h host.Host, site app.Site, unwanted func(id string, ours []string) []string) error {
	images, err := h.Engine().ImageList(ctx, map[string]string{app.LabelSite: site.String()})
	if err != nil {
		return err
	}
	for _, image := range images {
		remove := unwanted(image.ID, siteTags(site, image))
		if len(image.Tags) == 0 { // a rebuild took its tag
			remove = []string{image.ID}
		}
		for _, ref := range remove {
			if err := h.Engine().ImageRemove(ctx, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// siteTags are the tags that the site's releases gave an image, oldest first.
func siteTags(site app.Site, image app.Image) []string {
	var out []string
	number := func(tag string) int {
		release, _ := planner.ImageRelease(site, image.Labels[app.LabelService], tag)
		return app.ReleaseNumber(release)
	}
	for _, tag := range image.Tags {
		if _, ours := planner.ImageRelease(site, image.Labels[app.LabelService], tag); ours {
			out = append(out, tag)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return number(a) - number(b) })
	return out
}
