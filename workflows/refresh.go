package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// refreshService brings new versions of secrets into a service's containers, which stay, and has them prove that they are
// well with those. A failed run brings the old versions back.
func (d *deploy) refreshService(ctx workflow.Context, h *hostRun, c app.ServiceChange) error {
	s := d.in.Spec.Service(c.Service)
	in := activities.RefreshInput{
		Target: h.target(d.in.Spec.Site), Release: d.plan.Release,
		Service: s, Secrets: d.in.Spec.SecretsOf(s), Names: c.Old, OnChange: s.OnChange,
	}
	d.undo.push(h.host.Name, "new versions of the secrets of "+s.Name, func(ctx workflow.Context) error {
		_, err := activities.RestoreSecrets.Undo(ctx, in)
		return err
	})
	if _, err := activities.RefreshSecrets.Run(ctx, in); err != nil {
		return failed("refresh secrets", h.host, s.Name, err)
	}
	names, addresses := h.replicas(s.Name)
	h.started[s.Name] = activities.Started{Names: names, Addresses: addresses}
	h.restarts[s.Name] = h.restartsOf(names)
	_, err := activities.AwaitHealthy.Run(ctx, d.healthInput(h, s, h.started[s.Name]))
	return failed("health check", h.host, s.Name, err)
}

// restartsOf are how often Docker had restarted containers when the host was observed: nil where it never has.
func (h *hostRun) restartsOf(names []string) []int {
	out := make([]int, len(names))
	for i, name := range names {
		for _, c := range h.observed.Containers {
			if c.Name == name {
				out[i] = c.Restarts
			}
		}
	}
	if !slices.ContainsFunc(out, func(n int) bool { return n > 0 }) {
		return nil
	}
	return out
}

// touched are the services whose containers on the host are new, or get new versions of secrets.
func (h *hostRun) touched() []app.ServiceChange {
	var out []app.ServiceChange
	for _, c := range h.plan.Changes {
		if c.Action == app.Create || c.Action == app.Replace || c.Action == app.Refresh {
			out = append(out, c)
		}
	}
	return out
}
