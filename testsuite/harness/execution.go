package harness

import (
	"context"
	"errors"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// Execution is one run of a workflow, as the engine tells of it.
type Execution struct {
	Client client.Client
	// ID is the workflow's, Run the run's own.
	ID, Run string
	// Patience bounds the time from one event to the next, over restarts of engine and worker.
	Patience time.Duration
}

// Proto is the run as requests to the engine name it.
func (e Execution) Proto() *commonpb.WorkflowExecution {
	return &commonpb.WorkflowExecution{WorkflowId: e.ID, RunId: e.Run}
}

// Follow calls each (which may be nil) with every event of the run as it is written, until each answers false or the
// run has ended, and answers the events read. It goes on through restarts of the engine.
func (e Execution) Follow(t testing.TB, each func(*historypb.HistoryEvent) bool) []*historypb.HistoryEvent {
	t.Helper()
	var events []*historypb.HistoryEvent
	var page []byte
	for deadline := time.Now().Add(e.Patience); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		answer, err := e.Client.WorkflowService().GetWorkflowExecutionHistory(ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: client.DefaultNamespace, Execution: e.Proto(), NextPageToken: page, WaitNewEvent: true, SkipArchival: true,
		})
		cancel()
		if err != nil {
			if time.Now().After(deadline) {
				t.Fatalf("%s has made no step in %s: %v", e.ID, e.Patience, err)
			}
			page = nil
			time.Sleep(20 * time.Millisecond)
			continue
		}
		page = answer.GetNextPageToken()
		for _, event := range answer.GetHistory().GetEvents() {
			if event.GetEventId() <= int64(len(events)) {
				continue
			}
			events = append(events, event)
			if each != nil && !each(event) || closes(event) {
				return events
			}
			deadline = time.Now().Add(e.Patience)
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

// Underway waits until an attempt of an activity has begun; it answers false when the activity has ended before.
func (e Execution) Underway(t testing.TB, activityID string) bool {
	t.Helper()
	for deadline := time.Now().Add(e.Patience); ; time.Sleep(3 * time.Millisecond) {
		started, err := e.attempted(t, activityID)
		if errors.Is(err, errEnded) {
			return false
		}
		if err == nil && started {
			return true
		}
		if time.Now().After(deadline) {
			t.Fatalf("activity %s of %s was not begun in %s: %v", activityID, e.ID, e.Patience, err)
		}
	}
}

var errEnded = errors.New("the activity has ended")

// attempted says whether an attempt of a pending activity is under way.
func (e Execution) attempted(t testing.TB, activityID string) (bool, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	answer, err := e.Client.DescribeWorkflowExecution(ctx, e.ID, e.Run)
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
