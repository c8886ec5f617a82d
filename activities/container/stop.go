package container

import (
	"context"
	"slices"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// ownGrace has the engine wait as long as the container's own stop_grace_period says.
const ownGrace = -1

// Stop implements activities.Stop.
func (a Activities) Stop(ctx context.Context, in activities.ContainersInput) (activities.Nothing, error) {
	if err := ctx.Err(); err != nil {
		return activities.Nothing{}, err
	}
	// The engine goes on with a stop whose caller has left, and would end what Restore has started again meanwhile. So a
	// cancelled Stop comes to its end as well: the grace bounds it, and the loss of the site's lock still ends it.
	ctx = context.WithoutCancel(ctx)
	return a.change(ctx, in.Target, func(ctx context.Context, h host.Host) error {
		return each(ctx, in.Names, func(ctx context.Context, _ int, name string) error {
			c, there, err := find(ctx, h, in.Site, name)
			if err != nil || !there || (in.By != "" && c.Labels[app.LabelRelease] == in.By) {
				return err
			}
			if err := h.Engine().ContainerStop(ctx, c.ID, ownGrace); err != nil {
				return err
			}
			if in.Aside == "" {
				return nil
			}
			return h.Engine().ContainerRename(ctx, c.ID, name+in.Aside)
		})
	})
}

// Restore implements activities.Restore.
func (a Activities) Restore(ctx context.Context, in activities.ContainersInput) (activities.Nothing, error) {
	return a.change(ctx, in.Target, func(ctx context.Context, h host.Host) error {
		return each(ctx, in.Names, func(ctx context.Context, _ int, name string) error {
			c, there, err := find(ctx, h, in.Site, name+in.Aside)
			if err != nil {
				return err
			}
			if there && in.Aside != "" {
				if err := h.Engine().ContainerRename(ctx, c.ID, name); err != nil {
					return err
				}
			}
			if !there {
				if c, there, err = find(ctx, h, in.Site, name); err != nil || !there {
					return err
				}
			}
			if slices.Contains(in.Idle, name) {
				return nil
			}
			return h.Engine().ContainerStart(ctx, c.ID)
		})
	})
}

// Remove implements activities.Remove. Containers of a release that serves are never removed by its name: a run that
// could not switch back leaves them.
func (a Activities) Remove(ctx context.Context, in activities.ContainersInput) (activities.Nothing, error) {
	return a.change(ctx, in.Target, func(ctx context.Context, h host.Host) error {
		if in.Release != "" {
			if may, err := release.MayUndo(ctx, h, in.Target, in.Release); err != nil || !may {
				return err
			}
		}
		removed := make([]app.ContainerState, len(in.Names))
		err := each(ctx, in.Names, func(ctx context.Context, i int, name string) error {
			c, there, err := find(ctx, h, in.Site, name)
			if err != nil || !there || (in.Release != "" && c.Labels[app.LabelRelease] != in.Release) {
				return err
			}
			removed[i] = c
			if in.Grace > 0 && c.Running() {
				if err := h.Engine().ContainerStop(ctx, c.ID, in.Grace); err != nil {
					return err
				}
			}
			return h.Engine().ContainerRemove(ctx, c.ID)
		})
		if err != nil {
			return err
		}
		return removeSecrets(ctx, h, in.Site, removed)
	})
}
