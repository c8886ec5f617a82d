// The stand-in for longshore-worker in this package's tests: it runs the deploy workflow's name with steps that only
// wait. What the run is asked for in "why" decides how it ends.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "the stand-in only runs as a worker")
		os.Exit(2)
	}
	client, err := engine.Dial(context.Background(), engine.Settings{State: os.Getenv(engine.StateVariable)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer client.Close()
	w := worker.New(client, workflows.TaskQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(deploy, workflow.RegisterOptions{Name: workflows.DeployName})
	w.RegisterActivityWithOptions(step, activity.RegisterOptions{Name: "step"})
	if err := w.Run(worker.InterruptCh()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func deploy(ctx workflow.Context, in workflows.DeployInput) (app.Result, error) {
	result := app.Result{Outcome: app.Succeeded, Site: in.Spec.Site.String(), Release: "2-" + in.Spec.Source.ID, Previous: "1-aaaaaaa"}
	workflow.SetCurrentDetails(ctx, "# Working\n\nsteps are waited for")
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
