//go:build e2e || soak

package faults

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

func (d *deploy) execution() *commonpb.WorkflowExecution {
	return &commonpb.WorkflowExecution{WorkflowId: d.id, RunId: d.run}
}

// follow calls each (which may be nil) with every event of the run as it is written, until each answers false or the
// run has ended, and answers the events read. It goes on through restarts of the engine.
func (d *deploy) follow(t *testing.T, each func(*historypb.HistoryEvent) bool) []*historypb.HistoryEvent {
	t.Helper()
	var events []*historypb.HistoryEvent
	var page []byte
	for deadline := time.Now().Add(patience); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		answer, err := d.client.WorkflowService().GetWorkflowExecutionHistory(ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: client.DefaultNamespace, Execution: d.execution(), NextPageToken: page, WaitNewEvent: true, SkipArchival: true,
		})
		cancel()
		if err != nil {
			if time.Now().After(deadline) {
				t.Fatalf("the run has made no step in %s: %v\n%s", patience, err, d.command.Stdout())
			}
			page = nil
			time.Sleep(20 * time.Millisecond)
			continue
		}
		page = answer.GetNextPageToken()
		for _, e := range answer.GetHistory().GetEvents() {
			if e.GetEventId() <= int64(len(events)) {
				continue
			}
			deadline = time.Now().Add(patience)
			events = append(events, e)
			if each != nil && !each(e) || closes(e) {
				return events
			}
		}
	}
}

func closes(e *historypb.HistoryEvent) bool {
	switch e.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return true
	}
	return false
}

// scheduled counts the activities that a run has scheduled, by name.
func scheduled(events []*historypb.HistoryEvent) map[string]int {
	out := map[string]int{}
	for _, e := range events {
		if a := e.GetActivityTaskScheduledEventAttributes(); a != nil {
			out[a.GetActivityType().GetName()]++
		}
	}
	return out
}

// sameSteps wants a run to have scheduled what an undisturbed one does: an activity that has ended is never scheduled
// again, and an attempt that was lost is a retry, not another activity.
func sameSteps(t *testing.T, events []*historypb.HistoryEvent, want map[string]int) {
	t.Helper()
	if got := scheduled(events); !maps.Equal(got, want) {
		t.Errorf("the run has scheduled %v, an undisturbed one %v", got, want)
	}
}

// at waits until the run has scheduled a step for the nth time and an attempt of it is under way.
func (d *deploy) at(t *testing.T, step string, nth int) {
	t.Helper()
	seen := 0
	under := false
	d.follow(t, func(e *historypb.HistoryEvent) bool {
		a := e.GetActivityTaskScheduledEventAttributes()
		if a.GetActivityType().GetName() != step {
			return true
		}
		if seen++; seen == nth {
			under = d.underway(t, a.GetActivityId())
			return false
		}
		return true
	})
	if seen < nth {
		t.Fatalf("the run has ended without %s number %d", step, nth)
	}
	t.Logf("%s is under way: %t", step, under)
}

// underway waits until an attempt of an activity has begun; it answers false when the activity has ended before.
func (d *deploy) underway(t *testing.T, activityID string) bool {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(3 * time.Millisecond) {
		started, err := d.attempted(t, activityID)
		if errors.Is(err, errEnded) {
			return false
		}
		if err == nil && started {
			return true
		}
		if time.Now().After(deadline) {
			t.Fatalf("activity %s was not begun in %s: %v", activityID, patience, err)
		}
	}
}

var errEnded = errors.New("the activity has ended")

// attempted says whether an attempt of a pending activity is under way.
func (d *deploy) attempted(t *testing.T, activityID string) (bool, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	answer, err := d.client.DescribeWorkflowExecution(ctx, d.id, d.run)
	if err != nil {
		return false, err
	}
	for _, a := range answer.GetPendingActivities() {
		if a.GetActivityId() == activityID {
			return a.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED, nil
		}
	}
	return false, errEnded
}
