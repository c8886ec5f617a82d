//go:build e2e

package site

import (
	"crypto/rand"
	"testing"
	"time"

	"go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// A site's workflow that is lost while a run goes on: the next one waits for that run, and answers repeats as before.
func TestTerminatedSite(t *testing.T) {
	s := newStage(t)
	first := s.request(deployRequest("one", hold))
	s.running("one")
	s.terminate(workflows.SiteID(shop))
	if again := s.request(deployRequest("two", "")); again.WorkflowID == first.WorkflowID {
		t.Errorf("%+v", again)
	}
	s.until("one found running", func(state workflows.SiteState) bool {
		return state.Running != nil && state.Running.ID == "one" && len(state.Queue) == 1
	})
	if again := s.request(deployRequest("one", hold)); again.WorkflowID != first.WorkflowID || again.Ahead != 0 {
		t.Errorf("%+v, not %+v", again, first)
	}
	s.letGo("one")
	if e := s.ended("two"); e.Outcome != app.Succeeded {
		t.Errorf("%+v", e)
	}
	s.ranOnly("one", "two")
}

// A run that is terminated leaves the site to the next.
func TestTerminatedRun(t *testing.T) {
	s := newStage(t)
	run := s.request(deployRequest("one", hold))
	s.request(deployRequest("two", ""))
	s.running("one")
	s.terminate(run.WorkflowID)
	if e := s.ended("one"); e.Outcome != app.FailedDirty || e.Problem == "" {
		t.Errorf("%+v", e)
	}
	if e := s.ended("two"); e.Outcome != app.Succeeded {
		t.Errorf("%+v", e)
	}
}

// A run that is reset while it goes on is waited for, whichever of its runs comes to an end.
func TestResetOfARunUnderWay(t *testing.T) {
	s := newStage(t)
	run := s.request(deployRequest("one", hold))
	s.running("one")
	s.request(deployRequest("two", ""))
	for range 2 {
		points := s.tasks(run.WorkflowID)
		s.reset(run.WorkflowID, points[len(points)-1])
	}
	time.Sleep(time.Second)
	if state := s.state(); state.Running == nil || state.Running.ID != "one" {
		t.Errorf("the run was given up: %+v", state)
	}
	s.letGo("one")
	if e := s.ended("one"); e.Outcome != app.Succeeded {
		t.Errorf("%+v", e)
	}
	if e := s.ended("two"); e.Outcome != app.Succeeded {
		t.Errorf("%+v", e)
	}
}

// tasks are the ends of a workflow's tasks, to which it can be reset.
func (s *stage) tasks(workflowID string) []int64 {
	s.t.Helper()
	var out []int64
	events := s.client.GetWorkflowHistory(s.t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			s.t.Fatal(err)
		}
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			out = append(out, e.GetEventId())
		}
	}
	return out
}

// reset has a workflow begin again from the end of a task, as the web UI's button does.
func (s *stage) reset(workflowID string, point int64) {
	s.t.Helper()
	_, err := s.client.ResetWorkflowExecution(s.t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: client.DefaultNamespace, WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflowID},
		Reason: "a test", RequestId: rand.Text(), WorkflowTaskFinishEventId: point,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
