package release

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// readsAtOnce bounds how many records are read at the same time: each read takes a session on the host's connection.
const readsAtOnce = 4

// LoadAll reads the records of releases; one that vanished since it was listed is left out.
func LoadAll(ctx context.Context, h host.Host, site app.Site, ids []string) ([]app.Release, error) {
	return readAll(ctx, ids, func(ctx context.Context, id string) (app.Release, error) { return Load(ctx, h, site, id) })
}

// readAll reads something of each release, in the order of ids, and leaves out what is not found.
func readAll[T any](ctx context.Context, ids []string, read func(context.Context, string) (T, error)) ([]T, error) {
	found := make([]*T, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readsAtOnce)
	for i, id := range ids {
		group.Go(func() error {
			v, err := read(ctx, id)
			if errors.Is(err, host.ErrNotFound) {
				return nil
			}
			found[i] = &v
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var out []T
	for _, v := range found {
		if v != nil {
			out = append(out, *v)
		}
	}
	return out, nil
}

// Kept is a release as a host keeps it.
type Kept struct {
	Release app.Release
	Mark    app.ReleaseMark
	Current bool
	// Gone names the images, by service, that the host lacks and that no registry has by digest. Where there is none, the
	// host can run the release again.
	Gone map[string]string
}

// History answers all that a host remembers of a site's releases, oldest first.
func History(ctx context.Context, h host.Host, site app.Site) ([]Kept, error) {
	current, ids, err := Read(ctx, h, site)
	if err != nil {
		return nil, err
	}
	records, err := LoadAll(ctx, h, site, ids)
	if err != nil {
		return nil, err
	}
	marks, err := loadMarks(ctx, h, site)
	if err != nil {
		return nil, err
	}
	held, err := holds(ctx, h)
	if err != nil {
		return nil, err
	}
	var out []Kept
	for _, r := range records {
		kept := Kept{Release: r, Mark: marks[r.ID], Current: current != nil && current.ID == r.ID}
		if kept.Gone, err = gone(ctx, h, r, held); err != nil {
			return nil, err
		}
		out = append(out, kept)
	}
	return out, nil
}

// Current answers the current release of a site on a host, without a look at its images; nil where there is none.
func Current(ctx context.Context, h host.Host, site app.Site) (*Kept, error) {
	current, _, err := Read(ctx, h, site)
	if err != nil || current == nil {
		return nil, err
	}
	mark, err := loadMark(ctx, h, site, current.ID)
	if err != nil && !errors.Is(err, host.ErrNotFound) {
		return nil, err
	}
	return &Kept{Release: *current, Mark: mark, Current: true}, nil
}

// holds are the ids of the images on a host.
func holds(ctx context.Context, h host.Host) (map[string]bool, error) {
	images, err := h.Engine().ImageList(ctx, nil)
	if err != nil {
		return nil, err
	}
	held := map[string]bool{}
	for _, i := range images {
		held[i.ID] = true
	}
	return held, nil
}

// gone are the images of a release that can be had no more, by service. What is found is added to held.
func gone(ctx context.Context, h host.Host, r app.Release, held map[string]bool) (map[string]string, error) {
	var out map[string]string
	for _, s := range r.Spec.Services {
		image := r.Images[s.Name]
		if image.ID == "" || image.RepoDigest != "" || held[image.ID] {
			continue // without an id, it never had a container
		}
		// Engines leave an image without a name that others are made from out of their list.
		_, err := h.Engine().ImageInspect(ctx, image.ID)
		if err == nil {
			held[image.ID] = true
			continue
		}
		if !errors.Is(err, host.ErrNotFound) {
			return nil, err
		}
		if out == nil {
			out = map[string]string{}
		}
		out[s.Name] = image.Ref
	}
	return out, nil
}

// toReturnTo is the newest of the releases that is good to return to and whose origin is older than the current one's;
// false where there is none.
func toReturnTo(releases []app.Release, marks map[string]app.ReleaseMark, current *app.Release) (app.Release, bool) {
	for _, r := range slices.Backward(releases) {
		older := current == nil || app.ReleaseNumber(r.Origin()) < app.ReleaseNumber(current.Origin())
		if older && marks[r.ID].GoodToReturnTo() {
			return r, true
		}
	}
	return app.Release{}, false
}
