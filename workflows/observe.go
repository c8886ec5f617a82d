package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// observeInput asks for all that a plan of the spec depends on.
func observeInput(spec app.Spec, h app.Host) activities.ObserveInput {
	in := activities.ObserveInput{Host: h, Site: spec.Site}
	for _, s := range spec.Services {
		if s.Build == nil {
			in.ImageRefs = append(in.ImageRefs, s.Container.Image)
		}
	}
	for _, n := range spec.Networks {
		if n.External != "" {
			in.ExternalNetworks = append(in.ExternalNetworks, n.External)
		}
	}
	for _, v := range spec.Volumes {
		if v.External != "" {
			in.ExternalVolumes = append(in.ExternalVolumes, v.External)
		}
	}
	return in
}

// recordedPlan makes a plan once and keeps it in the history.
func recordedPlan(ctx workflow.Context, desired planner.Desired, observed []app.Observed) app.Plan {
	value := workflow.SideEffectWithOptions(ctx, workflow.SideEffectOptions{Summary: "plan"}, func(workflow.Context) any {
		return planner.Plan(desired, observed)
	})
	var plan app.Plan
	if err := value.Get(&plan); err != nil {
		// The payload was written by this very call, or by the same type in an earlier attempt: an unreadable one means
		// a wrong key or a broken history, which only a person can mend. A panic fails the workflow task, not the run.
		panic(err)
	}
	return plan
}
