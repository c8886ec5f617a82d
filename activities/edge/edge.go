// Package edge implements the activities on a host's reverse proxy: having it run, switching a site's traffic, proving
// and draining.
package edge

import (
	"context"
	"net"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/host"
)

// Activities are bound to the hosts that a worker can reach, and to the edge that it brings. They may run concurrently.
type Activities struct {
	Hosts host.Opener
	Image Image
}

// Register binds the activities to their names.
func (a Activities) Register(r activities.Registry) {
	activities.LookAtEdge.Register(r, a.LookAtEdge)
	activities.EnsureEdge.Register(r, a.EnsureEdge)
	activities.Switch.Register(r, a.Switch)
	activities.SwitchBack.Register(r, a.Switch)
	activities.Prove.Register(r, a.Prove)
	activities.Drain.Register(r, a.Drain)
}

// ClientOf calls a host's edge through the host's own connection.
func ClientOf(h host.Host) *edge.Client {
	socket := h.Files().Root() + "/" + edge.StateDir + "/" + edge.Socket
	return edge.New(func(ctx context.Context) (net.Conn, error) { return h.Dial(ctx, "unix", socket) })
}

// Serves says whether a release gets any of the site's traffic on the host. A host without an edge serves nothing.
func Serves(ctx context.Context, h host.Host, site app.Site, release string) (bool, error) {
	edges, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelRole: app.RoleEdge})
	if err != nil || len(edges) == 0 {
		return false, err
	}
	status, err := ClientOf(h).Status(ctx)
	if err != nil {
		return false, err
	}
	table, ok := status.Table(site)
	return ok && table.Serves(release), nil
}
