package main

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// input is what all kinds of runs are given, as far as it matters here.
type input struct {
	Site app.Site `json:"site"`
	Spec app.Spec `json:"spec"`
	To   string   `json:"to"`
	workflows.Order
}

// run is a run of any kind.
func run(ctx workflow.Context, in input) (app.Result, error) {
	kind := app.RunKind(workflow.GetInfo(ctx).WorkflowType.Name)
	site := in.Site
	if kind == app.RunDeploy {
		site = in.Spec.Site
	}
	result := app.Result{Outcome: app.Succeeded, Kind: kind, Site: site.String(), Previous: "1-aaaaaaa", Of: in.To, Fence: in.Fence}
	result.Release = "2-" + in.Spec.Source.ID
	workflow.SetCurrentDetails(ctx, "# Working\n\nsteps are waited for")
	if err := question(ctx, in.Why); err != nil {
		result.Outcome, result.Failure = app.Refused, &app.Failure{Kind: app.KindRejected, Step: "approval", Message: err.Error()}
		return result, temporal.NewNonRetryableApplicationError(err.Error(), string(result.Outcome), nil, result)
	}
	for _, what := range []struct{ host, text string }{
		{"", "build web"}, {"web-1", "transfer web"}, {"web-2", "transfer web"}, {"web-1", "switch"}, {"web-2", "switch"},
	} {
		options := workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute, HeartbeatTimeout: 3 * time.Second, WaitForCancellation: true,
			Summary: activities.Summary(what.host, what.text),
		}
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), "step", in.Why).Get(ctx, nil)
		if temporal.IsCanceledError(err) {
			result.Outcome = app.Cancelled
			return result, temporal.NewCanceledError(result)
		}
		if err != nil {
			failure := activities.FailureOf(err)
			result.Outcome, result.Failure = app.FailedClean, &failure
			return result, temporal.NewNonRetryableApplicationError(failure.Message, string(result.Outcome), nil, result)
		}
	}
	workflow.SetCurrentDetails(ctx, "# Done")
	return result, nil
}

// question waits for a yes where the run is asked to ask; a no is an error.
func question(ctx workflow.Context, why string) error {
	if why != "ask" {
		return nil
	}
	var said *bool
	asked := workflows.Question{
		Waiting: true, Text: "Shall it go on?", Yes: "it goes on", No: "it ends", Until: workflow.Now(ctx).Add(time.Hour),
	}
	answer := func(yes bool) func(workflow.Context, workflows.Decision) error {
		return func(workflow.Context, workflows.Decision) error {
			said, asked = &yes, workflows.Question{}
			return nil
		}
	}
	err := errors.Join(
		workflow.SetQueryHandler(ctx, workflows.QueryQuestion, func() (workflows.Question, error) { return asked, nil }),
		workflow.SetUpdateHandler(ctx, workflows.UpdateApprove, answer(true)),
		workflow.SetUpdateHandler(ctx, workflows.UpdateReject, answer(false)),
	)
	if err != nil {
		return err
	}
	if _, err := workflow.AwaitWithTimeout(ctx, time.Hour, func() bool { return said != nil }); err != nil {
		return err
	}
	if said == nil || !*said {
		return errors.New("it was rejected")
	}
	return nil
}

// step waits: for 4 s where it is asked to be slow, else for 0.2 s. Asked to fail, it fails as a container would.
func step(ctx context.Context, why string) error {
	ticks := 2
	switch why {
	case "slow":
		ticks = 40
	case "fail":
		return activities.Fail(app.Failure{
			Kind: app.KindUnhealthy, Step: "wait for health", Host: "web-1", Service: "web", Message: "web did not get healthy within 60s",
			Exited: true, ExitCode: 3, Logs: []string{"listening", "panic: no database"}, Advice: "Look at the log.",
		}, nil)
	}
	for i := range ticks {
		activity.RecordHeartbeat(ctx, activities.Beat{Done: int64(i) * 1e6, Total: int64(ticks) * 1e6, Unit: "bytes"})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}
