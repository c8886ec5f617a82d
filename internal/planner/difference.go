package planner

import (
	"cmp"
	"strconv"

	"github.com/longshore-dev/longshore/internal/app"
)

// difference says why a service's containers on a host are not what is desired; empty where they are. have must be the
// service's containers there.
func difference(desired Desired, o app.Observed, h app.Host, s app.Service, have []app.ContainerState) string {
	if len(have) == 0 && s.Replicas > 0 {
		return "not there yet"
	}
	if len(have) != s.Replicas {
		return "has " + strconv.Itoa(len(have)) + " of " + strconv.Itoa(s.Replicas) + " replicas"
	}
	config := ConfigHash(s)
	for _, c := range have {
		switch {
		case s.OneShot && c.Status == "exited" && c.ExitCode == 0:
		case !c.Running():
			return c.Name + " is " + c.Status
		case c.Health == "unhealthy":
			return c.Name + " is unhealthy"
		}
		if c.Labels[app.LabelConfig] != config {
			return cmp.Or(secretDifference(s, c), "configuration changes")
		}
		if why := imageDifference(desired, o, h, s, c); why != "" {
			return why
		}
	}
	if s.Routed() && !liveInEdge(o, desired.Spec.Site, s.Name) {
		return "not routed yet"
	}
	return ""
}

// imageDifference compares a container's image with the one desired, or before that is known, the sources.
func imageDifference(desired Desired, o app.Observed, h app.Host, s app.Service, c app.ContainerState) string {
	if want, ok := desired.image(h.Name, s.Name); ok {
		if want.ID != c.ImageID {
			return "image changes"
		}
		return ""
	}
	if s.Build != nil {
		if o.Current == nil || o.Current.SourceID != desired.Spec.Source.ID || o.Current.ImageIDs[s.Name] != c.ImageID {
			return "source changes"
		}
		return ""
	}
	if s.PullPolicy == "always" {
		return "image may change: pull_policy is always"
	}
	if have, ok := o.Images[s.Container.Image]; !ok || have.ID != c.ImageID {
		return "image changes"
	}
	return ""
}

// liveInEdge says whether the host's edge sends traffic to the service.
func liveInEdge(o app.Observed, site app.Site, service string) bool {
	if o.Edge == nil {
		return false
	}
	table, ok := o.Edge.Table(site)
	if !ok {
		return false
	}
	for _, r := range table.Routes {
		if r.Service == service {
			return true
		}
	}
	return false
}
