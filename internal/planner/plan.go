package planner

import (
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
)

// Plan decides what a deploy of desired does to hosts that were found as observed, one entry for each of the spec's
// hosts in any order. Equal arguments give equal plans.
func Plan(desired Desired, observed []app.Observed) app.Plan {
	spec := desired.Spec
	number := desired.Number + 1
	for _, o := range observed {
		number = max(number, o.LastNumber+1)
	}
	stages := stagesOf(spec)
	plan := app.Plan{
		Site:         spec.Site.String(),
		Number:       number,
		Release:      app.ReleaseID(number, spec.Source.ID),
		Previous:     previousRelease(spec, observed),
		ReleaseAfter: stages.releaseAfter,
	}
	changed, refreshed := map[string]bool{}, false
	for _, h := range spec.Hosts {
		host := planHost(desired, observedOn(observed, h.Name), h, plan.Release, stages)
		for _, c := range host.Changes {
			switch c.Action {
			case app.Keep:
			case app.Refresh:
				refreshed = true
			default:
				changed[c.Service] = true
			}
		}
		plan.Hosts = append(plan.Hosts, host)
	}
	plan.Unchanged = len(changed) == 0 && !refreshed && !slices.ContainsFunc(plan.Hosts, func(h app.HostPlan) bool {
		o := observedOn(observed, h.Host)
		// What is recorded comes with its secrets, even those that no container has. Of a deploy, the next change brings those.
		return !recorded(spec.Site, o) || h.Table != nil && !sameRoutes(*h.Table, o, spec.Site) ||
			!containersPinned(spec, o) || desired.Recorded && !pinned(spec, o)
	})
	if desired.Recorded {
		return plan
	}
	for _, s := range spec.Services {
		if s.Build != nil && changed[s.Name] {
			plan.Builds = append(plan.Builds, s.Name)
		}
		if len(s.Release) > 0 && changed[s.Name] {
			plan.ReleaseCommands = append(plan.ReleaseCommands, app.ReleaseCommand{
				Service: s.Name,
				Command: s.Release,
				Name:    ReleaseCommandName(spec.Site, s.Name, plan.Release),
			})
		}
	}
	return plan
}

// previousRelease is the release that serves now on the first host that has one.
func previousRelease(spec app.Spec, observed []app.Observed) string {
	for _, h := range spec.Hosts {
		if serves := Serving(spec.Site, observedOn(observed, h.Name)); serves != "" {
			return serves
		}
	}
	return ""
}

// Serving is the release that serves a site on a host as observed; empty for none. The edge's word goes before the
// record's, since a run may have died between the switch and the record.
func Serving(site app.Site, o app.Observed) string {
	if o.Edge != nil {
		if table, ok := o.Edge.Table(site); ok {
			return table.Release
		}
	}
	if o.Current != nil {
		return o.Current.ID
	}
	return ""
}

// recorded says whether what a host runs is what it records: a run may have died between the switch and the record.
func recorded(site app.Site, o app.Observed) bool {
	current := ""
	if o.Current != nil {
		current = o.Current.ID
	}
	if o.Edge != nil {
		if table, ok := o.Edge.Table(site); ok && len(table.Routes) > 0 && table.Release != current {
			return false
		}
	}
	return !slices.ContainsFunc(serviceContainers(o), func(c app.ContainerState) bool {
		return app.ReleaseNumber(c.Labels[app.LabelRelease]) > app.ReleaseNumber(current)
	})
}

// observedOn finds a host's observation; a host that was not observed is empty.
func observedOn(observed []app.Observed, host string) app.Observed {
	for _, o := range observed {
		if o.Host == host {
			return o
		}
	}
	return app.Observed{Host: host}
}
