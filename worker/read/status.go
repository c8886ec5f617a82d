package read

import (
	"context"

	"github.com/longshore-dev/longshore/activities/bootstrap"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/activities/secretfiles"
	"github.com/longshore-dev/longshore/activities/site"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/planner"
)

func (r *reader) status(ctx context.Context, h app.Host) any {
	out := inspect.StatusResponse{Host: h.Name, Services: []inspect.ServiceStatus{}}
	opened, err := r.hosts.Open(ctx, h)
	if err == nil {
		err = r.fillStatus(ctx, h, opened, &out)
	}
	out.Problem = problem(h, err)
	return out
}

func (r *reader) fillStatus(ctx context.Context, at app.Host, h host.Host, out *inspect.StatusResponse) error {
	var err error
	if out.Bootstrap, err = bootstrap.LastReport(ctx, h); err != nil {
		return err
	}
	current, err := release.Current(ctx, h, r.request.Site)
	if err != nil {
		return err
	}
	if out.Freeze, err = site.ReadFreeze(ctx, h, r.request.Site); err != nil || current == nil {
		return err
	}
	record := current.Release
	out.Release, out.At, out.By, out.Behind = record.ID, record.At, record.By, record.Behind
	out.Kind, out.Of, out.Stable = record.Kind, record.Of, current.Mark.Stable
	found := app.Observed{Host: at.Name}
	if found.Containers, err = siteContainers(ctx, h, r.request.Site); err != nil {
		return err
	}
	if err := secretfiles.LookUp(ctx, h, r.request.Site, found.Containers); err != nil {
		return err
	}
	for _, s := range record.Spec.Services {
		out.Services = append(out.Services, serviceStatus(s, found.Containers))
		for _, route := range s.Routes {
			out.URLs = append(out.URLs, planner.RouteURLs(at, route)...)
		}
	}
	if found.Stopped, err = release.Stopped(ctx, h, r.request.Site); err != nil {
		return err
	}
	if found.Edge, err = edgeStatus(ctx, h); err != nil {
		return err
	}
	out.Stopped, out.Drift = found.Stopped, planner.Drift(record, found)
	r.fillEdge(found.Edge, out)
	return nil
}

// serviceStatus counts a service's replicas. One that has done its work and ended well counts as running and healthy.
func serviceStatus(s app.Service, containers []app.ContainerState) inspect.ServiceStatus {
	out := inspect.ServiceStatus{Service: s.Name, Routed: s.Routed(), Wanted: s.Replicas}
	for _, c := range containers {
		if c.Labels[app.LabelService] != s.Name || c.Labels[app.LabelRole] != app.RoleService {
			continue
		}
		done := s.OneShot && c.Status == "exited" && c.ExitCode == 0
		if c.Running() || done {
			out.Running++
		}
		if done || (c.Running() && (c.Health == "" || c.Health == "healthy")) {
			out.Healthy++
		}
	}
	return out
}

// edgeStatus is what a host's edge says of itself; nil where none runs.
func edgeStatus(ctx context.Context, h host.Host) (*app.EdgeStatus, error) {
	edges, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelRole: app.RoleEdge})
	if err != nil || len(edges) == 0 {
		return nil, err
	}
	status, err := edge.ClientOf(h).Status(ctx)
	if err != nil {
		return nil, err
	}
	return &status, nil
}

func (r *reader) fillEdge(status *app.EdgeStatus, out *inspect.StatusResponse) {
	if status == nil {
		return
	}
	out.Edge = status.Version
	for _, e := range status.Releases {
		if e.Site == r.request.Site.String() {
			out.InFlight += e.InFlight
		}
	}
}
