package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

func marksDir(site app.Site) string { return fence.SiteDir(site) + "/marks" }
func markPath(site app.Site, id string) string {
	return marksDir(site) + "/" + id + ".json"
}

// Mark implements activities.Mark. What was marked before stays: a release that was returned from was stable all the
// same.
func (a Activities) Mark(ctx context.Context, in activities.MarkInput) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		return addMark(ctx, h, in.Site, in.Release, in.Mark)
	})
}

// Return implements activities.Return. The mark comes first: an attempt that ends between the two leaves a current
// release that is marked, and is made again. A release is also marked that has a record and never became the current
// one, since its recording ended half-way.
func (a Activities) Return(ctx context.Context, in activities.ReturnInput) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		if err := addMark(ctx, h, in.Site, in.From, app.ReleaseMark{Returned: true, Why: in.Why}); err != nil {
			return err
		}
		current, _, err := Read(ctx, h, in.Site)
		if err != nil || current == nil || current.ID != in.From {
			return err
		}
		if in.To == "" {
			return h.Files().Remove(ctx, currentPath(in.Site))
		}
		return writeCurrent(ctx, h, in.Site, in.To)
	})
}

// addMark adds to what is marked of a recorded release. One without a record is left alone.
func addMark(ctx context.Context, h host.Host, site app.Site, id string, add app.ReleaseMark) error {
	ids, err := recorded(ctx, h, site)
	if err != nil || !slices.Contains(ids, id) {
		return err
	}
	mark, err := loadMark(ctx, h, site, id)
	if err != nil && !errors.Is(err, host.ErrNotFound) {
		return err
	}
	before := mark
	mark.Stable = mark.Stable || add.Stable
	mark.Returned = mark.Returned || add.Returned
	if add.Why != "" {
		mark.Why = add.Why
	}
	if mark == before {
		return nil
	}
	mark.At = add.At
	return writeMark(ctx, h, site, id, mark)
}

// writeMark writes a mark, of now where it says no time.
func writeMark(ctx context.Context, h host.Host, site app.Site, id string, mark app.ReleaseMark) error {
	if mark.At.IsZero() {
		mark.At = time.Now().UTC()
	}
	data, err := json.Marshal(mark)
	if err != nil {
		return fmt.Errorf("mark %s: %w", id, err)
	}
	return h.Files().Write(ctx, markPath(site, id), data, 0)
}

func loadMark(ctx context.Context, h host.Host, site app.Site, id string) (app.ReleaseMark, error) {
	return readJSON[app.ReleaseMark](ctx, h, "mark", markPath(site, id))
}

// loadMarks reads the marks of a site's releases, by release id.
func loadMarks(ctx context.Context, h host.Host, site app.Site) (map[string]app.ReleaseMark, error) {
	ids, err := marked(ctx, h, site)
	if err != nil {
		return nil, err
	}
	type named struct {
		id   string
		mark app.ReleaseMark
	}
	read, err := readAll(ctx, ids, func(ctx context.Context, id string) (named, error) {
		mark, err := loadMark(ctx, h, site, id)
		return named{id, mark}, err
	})
	if err != nil {
		return nil, err
	}
	out := map[string]app.ReleaseMark{}
	for _, n := range read {
		out[n.id] = n.mark
	}
	return out, nil
}

// marked are the ids of the releases that have a mark.
func marked(ctx context.Context, h host.Host, site app.Site) ([]string, error) {
	names, err := h.Files().List(ctx, marksDir(site))
	var ids []string
	for _, name := range names {
		if id, ok := strings.CutSuffix(name, ".json"); ok {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// pruneMarks removes the marks of all releases but those that are kept.
func pruneMarks(ctx context.Context, h host.Host, site app.Site, keep []string) error {
	ids, err := marked(ctx, h, site)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if slices.Contains(keep, id) {
			continue
		}
		if err := h.Files().Remove(ctx, markPath(site, id)); err != nil {
			return err
		}
	}
	return nil
}
