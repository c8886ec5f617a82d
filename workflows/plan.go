package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// Plan answers what a deploy would do, and changes nothing. What the preflight finds is in the result's notes.
func Plan(ctx workflow.Context, in DeployInput) (app.Result, error) {
	started := workflow.Now(ctx)
	spec, notes, err := pinCurrent(ctx, in.Spec)
	if err != nil {
		return planless(ctx, spec, err)
	}
	observed := make([]app.Observed, len(spec.Hosts))
	indexes := make([]int, len(spec.Hosts))
	for i := range indexes {
		indexes[i] = i
	}
	err = together(ctx, indexes, func(ctx workflow.Context, i int) error {
		found, err := activities.Observe.Run(ctx, observeInput(spec, spec.Hosts[i]))
		observed[i] = found
		return failed("observe", spec.Hosts[i], "", err)
	})
	if err != nil {
		return planless(ctx, spec, err)
	}
	plan := recordedPlan(ctx, planner.Desired{Spec: spec}, observed)
	result := app.Result{Site: spec.Site.String(), Outcome: app.Succeeded, Notes: notes}
	if plan.Unchanged {
		result.Outcome = app.Unchanged
	}
	result.Plan, result.Release, result.Previous = &plan, plan.Release, plan.Previous
	for _, f := range planner.Preflight(spec, plan, observed) {
		result.Notes = append(result.Notes, f.Host+": "+f.Message+"; "+f.Advice)
	}
	result.DurationMS = workflow.Now(ctx).Sub(started).Milliseconds()
	return result, nil
}

// planless answers for a look that came to no plan.
func planless(ctx workflow.Context, spec app.Spec, err error) (app.Result, error) {
	result := app.Result{Site: spec.Site.String(), Outcome: app.FailedClean}
	if ctx.Err() != nil {
		result.Outcome = app.Cancelled
	} else {
		f := failureOf(err)
		result.Failure = &f
	}
	return result, runError(result)
}
