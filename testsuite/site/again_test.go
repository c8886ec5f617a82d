//go:build e2e

package site

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/workflows"
)

// A site's workflow that is lost while a run goes on: the next one waits for that run, and answers repeats as before.
func TestTerminatedSite(t *testing.T) {
	s := newStage(t)
	first := s.request(deployRequest("one", hold))
	s.running("one")
	// The engine lists a run a moment after it knows it.
	harness.Eventually(t, patience, func() error {
		if len(s.runs()) == 0 {
			return errors.New("the run is not listed")
		}
		return nil
	})
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
		s.reset(run.WorkflowID, "", s.begun(run.WorkflowID)[0])
	}
	s.begun(run.WorkflowID)
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

// Hosts that a run left behind are seen to as soon as they answer.
func TestHostLeftBehindComesBack(t *testing.T) {
	s := newStage(t)
	s.world.Machine("web-2").Before(func(context.Context, hostmemory.Op) error { return host.ErrUnreachable })
	s.request(deployRequest("one", partial))
	if e := s.ended("one"); e.Outcome != app.Partial || !slices.Equal(s.state().Behind, []string{"web-2"}) {
		t.Errorf("%+v", e)
	}
	// The host's silence is noticed at least once before it is back.
	looked := make(chan struct{})
	var once sync.Once
	s.world.Machine("web-2").Before(func(context.Context, hostmemory.Op) error {
		once.Do(func() { close(looked) })
		return host.ErrUnreachable
	})
	select {
	case <-looked:
	case <-time.After(patience):
		t.Fatal("nobody looked at the host")
	}
	s.world.Machine("web-2").Before(nil)
	state := s.until("repaired", func(state workflows.SiteState) bool { return len(state.Behind) == 0 })
	if e := state.Ended[0]; e.Kind != app.RunRepair || e.Outcome != app.Succeeded || !strings.Contains(e.Why, "web-2") {
		t.Errorf("%+v", e)
	}
}

// tasks are the ends of a workflow's tasks, to which it can be reset.
func (s *stage) tasks(workflowID string) ([]int64, error) {
	var out []int64
	events := s.client.GetWorkflowHistory(s.t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return nil, err
		}
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			out = append(out, e.GetEventId())
		}
	}
	return out, nil
}

// reset has a workflow begin again from the end of a task, as the web UI's button does.
func (s *stage) reset(workflowID, runID string, point int64) {
	s.t.Helper()
	_, err := s.client.ResetWorkflowExecution(s.t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: client.DefaultNamespace, WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflowID, RunId: runID},
		Reason: "a test", RequestId: rand.Text(), WorkflowTaskFinishEventId: point,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
