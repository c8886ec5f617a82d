package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// Drift compares a host with the release that it records as current, sorted by service. Of what was observed it needs
// the containers, with the versions of their secrets, the edge and whether the site is stopped.
func Drift(record app.Release, o app.Observed) []app.Drift {
	if o.Stopped {
		return stirring(record, o)
	}
	var out []app.Drift
	for _, s := range record.Spec.Services {
		found := serviceDrift(record, s, containersOf(o, s.Name))
		if len(found) == 0 && s.Routed() {
			found = upstreamDrift(record, o, s)
		}
		out = append(out, found...)
	}
	out = append(out, strangers(record, o)...)
	slices.SortStableFunc(out, func(a, b app.Drift) int { return cmp.Compare(a.Service, b.Service) })
	return append(out, routeDrift(record, o)...)
}

// stirring is what a site that was stopped on purpose has running all the same.
func stirring(record app.Release, o app.Observed) []app.Drift {
	var out []app.Drift
	for _, c := range serviceContainers(o) {
		if c.Running() {
			out = append(out, app.Drift{
				Kind: app.DriftRunning, Service: c.Labels[app.LabelService], Container: c.Name, Detail: "runs, though the site is stopped",
			})
		}
	}
	if o.Edge != nil {
		if t, ok := o.Edge.Table(record.Spec.Site); ok && len(t.Routes) > 0 {
			out = append(out, app.Drift{Kind: app.DriftRunning, Detail: "the edge still has its routes, though the site is stopped"})
		}
	}
	return out
}

// serviceDrift compares the containers of one service with the record.
func serviceDrift(record app.Release, s app.Service, have []app.ContainerState) []app.Drift {
	var out []app.Drift
	add := func(kind app.DriftKind, container, detail string) {
		out = append(out, app.Drift{Kind: kind, Service: s.Name, Container: container, Detail: detail})
	}
	current := have[:0:0]
	for _, c := range have {
		release := c.Labels[app.LabelRelease]
		if app.ReleaseNumber(release) > record.Number {
			add(app.DriftExtra, c.Name, "is of "+release+", which a run is bringing or has left behind")
			continue
		}
		current = append(current, c)
	}
	for _, c := range current {
		switch {
		case s.OneShot && c.Status == "exited" && c.ExitCode == 0:
		case c.Status == "exited":
			add(app.DriftStopped, c.Name, "has ended with exit code "+strconv.Itoa(c.ExitCode))
		case !c.Running():
			add(app.DriftStopped, c.Name, "is "+c.Status)
		case c.Health == "unhealthy":
			add(app.DriftUnhealthy, c.Name, "is unhealthy")
		}
		if want := record.Configs[s.Name]; want != "" && c.Labels[app.LabelConfig] != want {
			add(app.DriftChanged, c.Name, "was not made from the recorded configuration")
		}
		for _, want := range s.Container.Secrets {
			if has, ok := c.Secrets[want.Name]; ok && has != want.Version && s.InPlace(want) {
				add(app.DriftChanged, c.Name, "has version "+has+" of the secret "+want.Name+", not "+want.Version)
			}
		}
		if want := record.Images[s.Name].ID; want != "" && c.ImageID != want {
			add(app.DriftImage, c.Name, "runs another image ("+short(c.ImageID)+") than recorded ("+short(want)+")")
		}
	}
	if n := len(current); n < s.Replicas {
		add(app.DriftMissing, "", fmt.Sprintf("has %d of %d replicas", n, s.Replicas))
	} else if n > s.Replicas {
		add(app.DriftExtra, "", fmt.Sprintf("has %d containers for %d replicas", n, s.Replicas))
	}
	return out
}

// strangers are containers of the site for services that the record does not have.
func strangers(record app.Release, o app.Observed) []app.Drift {
	var out []app.Drift
	for _, c := range serviceContainers(o) {
		name := c.Labels[app.LabelService]
		if slices.ContainsFunc(record.Spec.Services, func(s app.Service) bool { return s.Name == name }) {
			continue
		}
		out = append(out, app.Drift{Kind: app.DriftExtra, Service: name, Container: c.Name, Detail: "is of a service that " + record.ID + " does not have"})
	}
	return out
}

// routeDrift compares the edge's table with the record.
func routeDrift(record app.Release, o app.Observed) []app.Drift {
	want := app.EdgeTable{}
	for _, s := range record.Spec.Services {
		for _, r := range s.Routes {
			want.Routes = append(want.Routes, app.EdgeRoute{Service: s.Name, Route: r})
		}
	}
	drift := func(detail string) []app.Drift { return []app.Drift{{Kind: app.DriftRoutes, Detail: detail}} }
	if o.Edge == nil {
		if len(want.Routes) > 0 {
			return drift("no edge runs")
		}
		return nil
	}
	have, ok := o.Edge.Table(record.Spec.Site)
	switch {
	case !ok && len(want.Routes) == 0:
		return nil
	case !ok:
		return drift("the edge has no route of the site")
	case have.Release != record.ID:
		return drift("the edge leads to " + have.Release)
	case !sameRoutes(want, o, record.Spec.Site):
		return drift("the edge has other routes than recorded")
	default:
		return nil
	}
}

// upstreamDrift finds addresses that the edge leads to and no container of the service has.
func upstreamDrift(record app.Release, o app.Observed, s app.Service) []app.Drift {
	if o.Edge == nil {
		return nil
	}
	addresses := map[string]bool{}
	for _, c := range containersOf(o, s.Name) {
		for _, address := range c.Addresses {
			addresses[address] = true
		}
	}
	table, _ := o.Edge.Table(record.Spec.Site)
	for _, r := range table.Routes {
		if r.Service != s.Name {
			continue
		}
		for _, upstream := range r.Upstreams {
			if i := strings.LastIndexByte(upstream, ':'); i < 0 || !addresses[upstream[:i]] {
				return []app.Drift{{Kind: app.DriftRoutes, Service: s.Name, Detail: "the edge leads to " + upstream + ", which no container of it has"}}
			}
		}
	}
	return nil
}

// short is an image's id as the engine's own tools print it.
func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}
