// Package release implements the activities that keep a host's records of its releases: the host alone is enough to
// know what runs and what came before.
package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Activities are bound to the hosts that a worker can reach. They may run concurrently.
type Activities struct {
	Hosts host.Opener
}

// Register binds the activities to their names.
func (a Activities) Register(r activities.Registry) {
	activities.Record.Register(r, a.Record)
	activities.Prune.Register(r, a.Prune)
	activities.Clean.Register(r, a.Clean)
	activities.Mark.Register(r, a.Mark)
	activities.Return.Register(r, a.Return)
	activities.Recall.Register(r, a.Recall)
	activities.MarkStopped.Register(r, a.MarkStopped)
}

func releasesDir(site app.Site) string { return fence.SiteDir(site) + "/releases" }
func recordPath(site app.Site, id string) string {
	return releasesDir(site) + "/" + id + ".json"
}
func currentPath(site app.Site) string { return fence.SiteDir(site) + "/current" }

// Record implements activities.Record: first the record and its mark, then the word that it is current, so that the word
// never points nowhere. What was marked before is forgotten: a run that was reset makes its release once more. A site of
// which a release is recorded is not stopped.
func (a Activities) Record(ctx context.Context, in activities.RecordInput) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		data, err := json.Marshal(in.Release)
		if err != nil {
			return fmt.Errorf("write the record of %s: %w", in.Release.ID, err)
		}
		if err := h.Files().Write(ctx, recordPath(in.Site, in.Release.ID), data, 0); err != nil {
			return err
		}
		if in.Stable {
			err = writeMark(ctx, h, in.Site, in.Release.ID, app.ReleaseMark{Stable: true})
		} else {
			err = h.Files().Remove(ctx, markPath(in.Site, in.Release.ID))
		}
		if err != nil {
			return err
		}
		if err := writeCurrent(ctx, h, in.Site, in.Release.ID); err != nil {
			return err
		}
		return h.Files().Remove(ctx, stoppedPath(in.Site))
	})
}

// writeCurrent makes a recorded release the current one.
func writeCurrent(ctx context.Context, h host.Host, site app.Site, id string) error {
	return h.Files().Write(ctx, currentPath(site), []byte(id+"\n"), 0)
}

// Read answers a site's current release on a host, nil where there is none, and the ids of all that are recorded,
// oldest first.
func Read(ctx context.Context, h host.Host, site app.Site) (current *app.Release, ids []string, err error) {
	ids, err = recorded(ctx, h, site)
	if err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	id, err := h.Files().Read(ctx, currentPath(site))
	if errors.Is(err, host.ErrNotFound) {
		return nil, ids, nil
	}
	if err != nil {
		return nil, nil, err
	}
	r, err := Load(ctx, h, site, strings.TrimSpace(string(id)))
	if errors.Is(err, host.ErrNotFound) {
		return nil, ids, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return &r, ids, nil
}

// Load reads one release's record.
func Load(ctx context.Context, h host.Host, site app.Site, id string) (app.Release, error) {
	return readJSON[app.Release](ctx, h, "record", recordPath(site, id))
}

// readJSON reads a file of the host's state, which what names in an error.
func readJSON[T any](ctx context.Context, h host.Host, what, path string) (T, error) {
	var value, none T
	data, err := h.Files().Read(ctx, path)
	if err != nil {
		return none, err
	}
	if err := json.Unmarshal(data, &value); err != nil {
		return none, fmt.Errorf("read the %s %s/%s: %w", what, h.Files().Root(), path, err)
	}
	return value, nil
}

// recorded are the ids of the records, by number.
func recorded(ctx context.Context, h host.Host, site app.Site) ([]string, error) {
	names, err := h.Files().List(ctx, releasesDir(site))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, n := range names {
		if id, ok := strings.CutSuffix(n, ".json"); ok && app.ReleaseNumber(id) > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return app.ReleaseNumber(a) - app.ReleaseNumber(b) })
	return ids, nil
}
