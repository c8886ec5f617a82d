package planner

import (
	"cmp"
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
)

// planHost decides one host's part.
func planHost(desired Desired, o app.Observed, h app.Host, release string, st stages) app.HostPlan {
	spec := desired.Spec
	plan := app.HostPlan{Host: h.Name}
	for _, n := range spec.Networks {
		name := NetworkName(spec.Site, n)
		plan.Networks = append(plan.Networks, app.NetworkPlan{
			Key: n.Name, Name: name, External: n.External != "",
			Exists: slices.ContainsFunc(o.Networks, func(s app.NetworkState) bool { return s.Name == name }) || slices.Contains(o.External, name),
		})
	}
	for _, v := range spec.Volumes {
		name := VolumeName(spec.Site, v)
		plan.Volumes = append(plan.Volumes, app.VolumePlan{
			Key: v.Name, Name: name, External: v.External != "",
			Exists: slices.ContainsFunc(o.Volumes, func(s app.VolumeState) bool { return s.Name == name }) || slices.Contains(o.External, name),
		})
	}
	if desired.Stopped {
		for _, s := range byStage(spec, st) {
			plan.Changes = append(plan.Changes, app.ServiceChange{
				Service: s.Name, Action: app.Keep, Stage: st.of[s.Name], Order: s.Order, Old: names(containersOf(o, s.Name)),
			})
		}
		return plan
	}
	slots := freeSlots(spec, o)
	replaced := map[string]bool{}
	for _, s := range byStage(spec, st) {
		c := planService(desired, o, h, s, release, st.of[s.Name], slots, replaced)
		replaced[s.Name] = c.Action == app.Create || c.Action == app.Replace
		plan.Changes = append(plan.Changes, c)
	}
	plan.Changes = append(plan.Changes, removals(spec, o, st.last)...)
	slices.SortStableFunc(plan.Changes, func(a, b app.ServiceChange) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Service, b.Service))
	})
	plan.Table = table(spec, o, release)
	return plan
}

// byStage are the services with those that others depend on first.
func byStage(spec app.Spec, st stages) []app.Service {
	out := slices.Clone(spec.Services)
	slices.SortStableFunc(out, func(a, b app.Service) int { return cmp.Compare(st.of[a.Name], st.of[b.Name]) })
	return out
}

// planService decides what happens to one service on one host, after the services that it depends on.
func planService(desired Desired, o app.Observed, h app.Host, s app.Service, release string, stage int, slots *slots, replaced map[string]bool) app.ServiceChange {
	change := app.ServiceChange{
		Service: s.Name, Stage: stage, Order: s.Order,
		// One that loses its routes keeps its traffic until the switch.
		Routed: s.Routed() || liveInEdge(o, desired.Spec.Site, s.Name),
	}
	have := containersOf(o, s.Name)
	change.Old = names(have)
	reason := difference(desired, o, h, s, have)
	if reason == "" {
		reason = restartReason(s, replaced)
	}
	if reason == "" && slices.Contains(desired.Force, s.Name) {
		reason = "restart"
	}
	switch {
	case reason == "":
		change.Action, change.Reason = app.Keep, refreshReason(o, s, have)
		if change.Reason != "" {
			change.Action = app.Refresh
		}
		return change
	case len(have) == 0:
		change.Action = app.Create
	default:
		change.Action = app.Replace
	}
	change.Reason = reason
	for replica := 1; replica <= s.Replicas; replica++ {
		c := app.ContainerPlan{Replica: replica, Name: ContainerName(desired.Spec.Site, s.Name, release, replica)}
		if s.Container.FixedName != "" {
			c.Name = s.Container.FixedName
		}
		if s.Routed() {
			c.Slot = slots.take()
		}
		change.Start = append(change.Start, c)
	}
	return change
}

// restartReason says which replaced dependency takes the service with it (depends_on with restart: true).
func restartReason(s app.Service, replaced map[string]bool) string {
	for _, d := range s.DependsOn {
		if d.Restart && replaced[d.Service] {
			return d.Service + " is replaced"
		}
	}
	return ""
}

// removals are the services that the host runs and the spec no longer has. They go last.
func removals(spec app.Spec, o app.Observed, last int) []app.ServiceChange {
	wanted := map[string]bool{}
	for _, s := range spec.Services {
		wanted[s.Name] = true
	}
	byService := map[string]*app.ServiceChange{}
	var order []string
	for _, c := range serviceContainers(o) {
		name := c.Labels[app.LabelService]
		if wanted[name] {
			continue
		}
		if byService[name] == nil {
			byService[name] = &app.ServiceChange{
				Service: name, Action: app.Remove, Reason: "no longer in the compose file", Stage: last,
				Routed: liveInEdge(o, spec.Site, name),
			}
			order = append(order, name)
		}
		byService[name].Old = append(byService[name].Old, c.Name)
	}
	var out []app.ServiceChange
	for _, name := range order {
		out = append(out, *byService[name])
	}
	return out
}

// serviceContainers are the site's containers that run services, sorted by name.
func serviceContainers(o app.Observed) []app.ContainerState {
	var out []app.ContainerState
	for _, c := range o.Containers {
		if c.Labels[app.LabelRole] == app.RoleService {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b app.ContainerState) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func names(containers []app.ContainerState) []string {
	var out []string
	for _, c := range containers {
		out = append(out, c.Name)
	}
	return out
}

func containersOf(o app.Observed, service string) []app.ContainerState {
	var out []app.ContainerState
	for _, c := range serviceContainers(o) {
		if c.Labels[app.LabelService] == service {
			out = append(out, c)
		}
	}
	return out
}
