package read

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

func (r *reader) ps(ctx context.Context, h app.Host) any {
	out := inspect.PsResponse{Host: h.Name, Containers: []inspect.Container{}}
	containers, err := r.containers(ctx, h)
	out.Problem = problem(h, err)
	for _, c := range containers {
		out.Containers = append(out.Containers, inspect.Container{
			Name: c.Name, Service: c.Labels[app.LabelService], Release: c.Labels[app.LabelRelease], Replica: replica(c),
			Image: c.Image, Status: c.Status, Health: c.Health, ExitCode: c.ExitCode, Restarts: c.Restarts,
			StartedAt: c.StartedAt, Ports: c.Ports,
		})
	}
	return out
}

// containers are the site's on a host, in full, sorted by service and replica.
func (r *reader) containers(ctx context.Context, h app.Host) ([]app.ContainerState, error) {
	opened, err := r.hosts.Open(ctx, h)
	if err != nil {
		return nil, err
	}
	return siteContainers(ctx, opened, r.request.Site)
}

func siteContainers(ctx context.Context, h host.Host, site app.Site) ([]app.ContainerState, error) {
	out, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelSite: site.String()})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b app.ContainerState) int {
		return cmp.Or(cmp.Compare(a.Labels[app.LabelService], b.Labels[app.LabelService]), cmp.Compare(replica(a), replica(b)), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// replica is the container's number in its service; 0 for one that is no replica.
func replica(c app.ContainerState) int {
	n, err := strconv.Atoi(c.Labels[app.LabelReplica])
	if err != nil {
		return 0
	}
	return n
}
