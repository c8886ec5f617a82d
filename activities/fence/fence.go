// Package fence keeps stale work from changing a site. The right to change it is a number in a file on the host; every
// change happens under a lock on the host, after the number has been compared. The lock is held by the same connection
// that the change travels over, so an attempt that has lost its connection has lost both.
package fence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// lockWait bounds how long a change waits for another's lock.
const lockWait = 30 * time.Second

// SiteDir is a site's folder in a host's state folder.
func SiteDir(s app.Site) string { return "sites/" + s.String() }

func lockPath(s app.Site) string   { return SiteDir(s) + "/lock" }
func numberPath(s app.Site) string { return SiteDir(s) + "/fence" }

// record is the file's content.
type record struct {
	Number int64  `json:"number"`
	RunID  string `json:"run_id"`
	// Before is the number that was there until RunID took its own.
	Before int64 `json:"before,omitempty"`
	// Retired are earlier runs of the same number: those that a reset of the run has taken over from.
	Retired []string `json:"retired,omitempty"`
}

// Take makes a run the owner of a site on a host, with a number above all before and of at least atLeast. The run that
// owns it already gets the same number again.
func Take(ctx context.Context, h host.Host, site app.Site, runID string, atLeast int64) (app.Fence, error) {
	var taken app.Fence
	err := locked(ctx, h, site, false, func(ctx context.Context, r record) error {
		if r.RunID != runID {
			r = record{Number: max(r.Number+1, atLeast), RunID: runID, Before: r.Number}
			if err := write(ctx, h, site, r); err != nil {
				return err
			}
		}
		taken = app.Fence{Number: r.Number, RunID: runID, Before: r.Before}
		return nil
	})
	return taken, err
}

// Do makes a change on a host if the target's fence still is the host's newest, and keeps newer runs waiting while it
// lasts. runID is the run that calls, which after a reset is not the one that took the fence.
func Do(ctx context.Context, h host.Host, t activities.Target, runID string, change func(context.Context) error) error {
	if err := adopt(ctx, h, t, runID); err != nil {
		return err
	}
	return locked(ctx, h, t.Site, true, func(ctx context.Context, r record) error {
		if r.Number != t.Fence.Number || r.RunID != runID {
			return refused(t, r)
		}
		return change(ctx)
	})
}

// adopt passes the fence on to a run that was made from the owner by a reset. The owner is retired by it for good.
func adopt(ctx context.Context, h host.Host, t activities.Target, runID string) error {
	if runID == t.Fence.RunID {
		return nil
	}
	// Once adopted, no step needs the lock for itself alone: it would wait for each other step of its own run.
	if r, err := read(ctx, h, t.Site); err != nil || r.RunID == runID {
		return err
	}
	return locked(ctx, h, t.Site, false, func(ctx context.Context, r record) error {
		if r.RunID == runID {
			return nil
		}
		if r.Number != t.Fence.Number || slices.Contains(r.Retired, runID) {
			return refused(t, r)
		}
		r.Retired = append(r.Retired, r.RunID)
		r.RunID = runID
		return write(ctx, h, t.Site, r)
	})
}

func refused(t activities.Target, r record) error {
	return failing.With(app.Failure{
		Kind: app.KindFenced, Host: t.Host.Name,
		Message: fmt.Sprintf("a newer run (fence %d, run %s) owns %s on %s; this one has %d", r.Number, r.RunID, t.Site, t.Host.Name, t.Fence.Number),
		Advice:  "Look at the newer run with longshore watch.",
	}, nil)
}

// locked does something with the fence as it is, under the site's lock.
func locked(ctx context.Context, h host.Host, site app.Site, shared bool, do func(context.Context, record) error) error {
	return host.WithLock(ctx, h.Files(), lockPath(site), shared, lockWait, func(ctx context.Context) error {
		r, err := read(ctx, h, site)
		if err != nil {
			return err
		}
		return do(ctx, r)
	})
}

// Number is the highest number that was taken of a site on a host; 0 for none.
func Number(ctx context.Context, h host.Host, site app.Site) (int64, error) {
	r, err := read(ctx, h, site)
	return r.Number, err
}

// read answers the zero record where there is none yet.
func read(ctx context.Context, h host.Host, site app.Site) (record, error) {
	data, err := h.Files().Read(ctx, numberPath(site))
	if errors.Is(err, host.ErrNotFound) {
		return record{}, nil
	}
	if err != nil {
		return record{}, fmt.Errorf("read the fence of %s: %w", site, err)
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("read the fence of %s (%s/%s): %w", site, h.Files().Root(), numberPath(site), err)
	}
	return r, nil
}

func write(ctx context.Context, h host.Host, site app.Site, r record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the fence of %s: %w", site, err)
	}
	return h.Files().Write(ctx, numberPath(site), data, 0)
}
