package container

import (
	"context"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Erase implements activities.Erase: all that carries the site's label goes, and then what the host remembers. Volumes
// that are not asked for stay, with their label: a later deploy finds them, and a later Erase may take them.
func (a Activities) Erase(ctx context.Context, in activities.EraseInput) (activities.Nothing, error) {
	return activities.Nothing{}, fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		ours := map[string]string{app.LabelSite: in.Site.String()}
		containers, err := h.Engine().ContainerList(ctx, ours)
		if err != nil {
			return err
		}
		err = each(ctx, containers, func(ctx context.Context, _ int, c app.ContainerState) error {
			return h.Engine().ContainerRemove(ctx, c.ID)
		})
		if err != nil {
			return err
		}
		networks, err := h.Engine().NetworkList(ctx, ours)
		if err != nil {
			return err
		}
		for _, n := range networks {
			if err := removeNetwork(ctx, h, in.Target, n.Name); err != nil {
				return err
			}
		}
		if in.Volumes {
			if err := eraseVolumes(ctx, h, ours); err != nil {
				return err
			}
		}
		return release.Forget(ctx, h, in.Site)
	})
}

func eraseVolumes(ctx context.Context, h host.Host, ours map[string]string) error {
	volumes, err := h.Engine().VolumeList(ctx, ours)
	if err != nil {
		return err
	}
	for _, v := range volumes {
		if err := removeVolume(ctx, h, v.Name); err != nil {
			return err
		}
	}
	return nil
}
