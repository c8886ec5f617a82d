//go:build e2e || soak

package faults

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
)

// endsWell are the outcomes of a finished run that is reset: to its very beginning, nothing is left to do.
var endsWell = []app.Outcome{app.Succeeded, app.Unchanged}

// resetPoints are the ends of one in every so many of a run's workflow tasks, to which it can be reset, the last first: a
// run that is reset to before it took the fence takes a newer one, and then shuts out the run that it was made from.
func resetPoints(events []*historypb.HistoryEvent, every int) []int64 {
	var out []int64
	n := 0
	for _, e := range slices.Backward(events) {
		if e.GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}
		if n%every == 0 {
			out = append(out, e.GetEventId())
		}
		n++
	}
	return out
}

// resetEndedRuns resets runs of each kind that have ended, and wants each to end in the same state again.
func resetEndedRuns(t *testing.T, every int) {
	s := set(t)
	t.Run("a finished run is reset", func(t *testing.T) { s.finishedReset(t, every) })
	t.Run("a failed run is reset", func(t *testing.T) { s.failedReset(t, every) })
	t.Run("a rollback is reset", func(t *testing.T) { s.rollbackReset(t, every) })
}

func (s *stage) finishedReset(t *testing.T, every int) {
	s.underLoad(t, func() {
		d := s.begin(t)
		d.succeeds(t)
		for _, point := range resetPoints(d.run.Follow(t, nil), every) {
			outcome, err := d.reset(t, point)
			if err != nil || !slices.Contains(endsWell, outcome) {
				t.Errorf("reset to event %d: it ended %q, %v", point, outcome, err)
			}
			s.inOrder(t)
		}
	})
}

func (s *stage) failedReset(t *testing.T, every int) {
	s.underLoad(t, func() {
		served := s.version
		s.breakApp(t, true)
		d := s.begin(t)
		d.result(t, 3, app.FailedClean)
		s.servesStill(t, served)
		for _, point := range resetPoints(d.run.Follow(t, nil), every) {
			outcome, err := d.reset(t, point)
			if outcome != app.FailedClean {
				t.Errorf("reset to event %d: it ended %q, %v", point, outcome, err)
			}
			s.servesStill(t, served)
		}
		s.breakApp(t, false)
		s.begin(t).succeeds(t)
	})
}

func (s *stage) rollbackReset(t *testing.T, every int) {
	s.underLoad(t, func() {
		s.begin(t).succeeds(t)
		before := s.version - 1
		d := s.ask(t, app.RunRollback)
		d.back(t, before)
		for _, point := range resetPoints(d.run.Follow(t, nil), every) {
			outcome, err := d.reset(t, point)
			if err != nil || !slices.Contains(endsWell, outcome) {
				t.Errorf("reset to event %d: it ended %q, %v", point, outcome, err)
			}
			s.servesStill(t, before)
		}
	})
}

// reset has a run begin again from the end of a workflow task, as the web UI's button does, and answers the outcome of
// the new one.
func (d *deploy) reset(t *testing.T, point int64) (app.Outcome, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answer, err := d.client.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: client.DefaultNamespace, WorkflowExecution: d.run.Proto(),
		Reason: "a test", RequestId: rand.Text(), WorkflowTaskFinishEventId: point,
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var result app.Result
	err = d.client.GetWorkflow(ctx, d.run.ID, answer.GetRunId()).Get(ctx, &result)
	// A failed run's outcome is its failure's type.
	if failure := (*temporal.ApplicationError)(nil); errors.As(err, &failure) {
		result.Outcome = app.Outcome(failure.Type())
	}
	t.Logf("reset to event %d: %q in %s", point, result.Outcome, time.Since(began).Round(time.Millisecond))
	return result.Outcome, err
}
