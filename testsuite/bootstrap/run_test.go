//go:build e2e || soak

package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
	"github.com/longshore-dev/longshore/workflows"
)

// world is an engine and a worker as they are built, to run bootstraps on.
type world struct {
	*harness.World
	t      *testing.T
	ctx    context.Context
	client client.Client
	worker *harness.Process
}

func newWorld(t *testing.T, trusted ...*hosts.Host) *world {
	t.Helper()
	w := &world{World: harness.New(t), t: t, ctx: t.Context()}
	w.Trust(trusted...)
	w.StartEngine()
	w.worker = w.StartWorker("worker")
	w.client = w.Client()
	return w
}

// run is a bootstrap that may still be under way.
type run struct {
	client.WorkflowRun
	w *world
}

func (w *world) start(h *hosts.Host, settings app.Bootstrap) *run {
	w.t.Helper()
	in := workflows.BootstrapInput{Host: h.AppHost(), Settings: settings, By: "tester"}
	options := client.StartWorkflowOptions{ID: workflows.BootstrapID(in.Host), TaskQueue: workflows.TaskQueue}
	started, err := w.client.ExecuteWorkflow(w.ctx, options, workflows.BootstrapName, in)
	must(w.t, err)
	return &run{started, w}
}

// untilStep waits until the n-th item, from 1, is at work.
func (r *run) untilStep(n int) {
	r.w.t.Helper()
	harness.Eventually(r.w.t, 10*time.Minute, func() error {
		began, err := r.began()
		if err == nil && began < n {
			err = fmt.Errorf("%d items have begun", began)
		}
		return err
	})
}

// began counts the items that have been begun.
func (r *run) began() (int, error) {
	n := 0
	events := r.w.client.GetWorkflowHistory(r.w.ctx, r.GetID(), r.GetRunID(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return 0, err
		}
		if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "SettleItem" {
			n++
		}
	}
	return n, nil
}

// end waits for the run's end and answers its report.
func (r *run) end() app.BootstrapReport {
	r.w.t.Helper()
	var report app.BootstrapReport
	err := r.Get(r.w.ctx, &report)
	var failed *temporal.ApplicationError
	if errors.As(err, &failed) {
		err = failed.Details(&report)
	}
	must(r.w.t, err)
	return report
}

// succeeds is end of a run that nothing has stopped.
func (r *run) succeeds() app.BootstrapReport {
	r.w.t.Helper()
	report := r.end()
	if report.Failure != nil {
		r.w.t.Fatalf("%s: %+v", report.Host, report.Failure)
	}
	return report
}

// again runs it once more, and fails for everything that it changes.
func (w *world) again(h *hosts.Host, settings app.Bootstrap) {
	w.t.Helper()
	for _, item := range w.start(h, settings).succeeds().Items {
		if item.Changed {
			w.t.Errorf("%s: changed again: %+v", h.Name, item)
		}
	}
}
