// The stand-in for longshore-worker in the starter's tests: the sites' own workflow, with runs whose steps only wait,
// and hosts that remember nothing. What a run is asked for in "why" decides how it goes.
package main

import (
	"context"
	"fmt"
	"os"

	"go.temporal.io/sdk/activity"
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
	w.RegisterWorkflowWithOptions(workflows.Site, workflow.RegisterOptions{Name: workflows.SiteName})
	for _, kind := range app.RunKinds() {
		w.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: string(kind)})
	}
	w.RegisterActivityWithOptions(step, activity.RegisterOptions{Name: "step"})
	activities.Remember.Register(w, func(context.Context, activities.RememberInput) (activities.Remembered, error) {
		return activities.Remembered{}, nil
	})
	activities.OpenRuns.Register(w, func(context.Context, activities.OpenRunsInput) ([]string, error) { return nil, nil })
	activities.KeepFreeze.Register(w, func(context.Context, activities.KeepFreezeInput) (activities.Nothing, error) {
		return activities.Nothing{}, nil
	})
	if err := w.Run(worker.InterruptCh()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
