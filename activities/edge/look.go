package edge

import (
	"context"
	"errors"
	"fmt"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// LookAtEdge implements activities.LookAtEdge.
func (a Activities) LookAtEdge(ctx context.Context, in activities.EnsureEdgeInput) (app.Item, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return app.Item{}, failing.On(in.Host, err)
	}
	item, err := a.look(ctx, h, in.Host)
	return item, failing.On(in.Host, err)
}

func (a Activities) look(ctx context.Context, h host.Host, at app.Host) (app.Item, error) {
	item := app.Item{Name: "edge", Differs: true}
	info, err := h.Engine().Info(ctx)
	if errors.Is(err, host.ErrNoDocker) {
		item.Before, item.Wanted = "no Docker engine answers", "running"
		return item, nil
	}
	if err != nil {
		return item, err
	}
	image, err := a.Image.For(info.Architecture)
	if err != nil {
		return item, failing.With(app.Failure{Kind: app.KindMissing, Host: at.Name, Message: err.Error()}, nil)
	}
	item.Wanted = "version " + image.Version + ", running"
	edges, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelRole: app.RoleEdge})
	if err != nil {
		return item, err
	}
	if len(edges) == 0 {
		item.Before = "none"
		return item, nil
	}
	owner, err := folderOwner(ctx, h)
	if err != nil {
		return item, err
	}
	_, name, err := container(h, at, image, owner)
	if err != nil {
		return item, err
	}
	item.Before = fmt.Sprintf("version %s, %s", edges[0].Labels[app.LabelVersion], edges[0].Status)
	if len(edges) == 1 && edges[0].Name == name && edges[0].Running() {
		item.Differs, item.Wanted = false, ""
	}
	return item, nil
}
