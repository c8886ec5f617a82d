//go:build e2e

package site

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/workflows"
)

// Two hundred requests from many clients: all are taken, each runs once, one at a time, in the order of their taking,
// through several continuations of the site's workflow.
func TestManyRequestsAtOnce(t *testing.T) {
	s := newStage(t)
	const requests = 200
	var group sync.WaitGroup
	for i := range requests {
		group.Go(func() {
			r := deployRequest(fmt.Sprintf("r%03d", i), "")
			if i%3 == 0 {
				r = recordedRequest(r.ID, app.RunRollback, "")
			}
			var accepted, again workflows.Accepted
			if err := s.ask(t.Context(), workflows.UpdateRequest, r.ID, r, &accepted); err != nil {
				t.Error(err)
				return
			}
			// The engine knows no update of this id: the site itself has to know the request.
			if err := s.ask(t.Context(), workflows.UpdateRequest, r.ID+"-again", r, &again); err != nil || again.WorkflowID != accepted.WorkflowID {
				t.Errorf("%+v, and again %+v, %v", accepted, again, err)
			}
		})
	}
	group.Wait()
	state := s.until("done", func(state workflows.SiteState) bool { return state.Running == nil && len(state.Queue) == 0 })
	if state.Fence != requests {
		t.Errorf("%d fences were taken by %d runs", state.Fence, requests)
	}
	s.inOrder(requests)
}

// inOrder fails unless so many runs have been, each once and one at a time, in the order of their requests.
func (s *stage) inOrder(want int) {
	s.t.Helper()
	runs := s.listed(want)
	seen := map[string]bool{}
	for i, r := range runs {
		if seen[r.request] {
			s.t.Errorf("%s has run twice", r.request)
		}
		seen[r.request] = true
		if i > 0 && r.begin.Before(runs[i-1].end) {
			s.t.Errorf("%s began at %s, before %s ended at %s", r.request, r.begin, runs[i-1].request, runs[i-1].end)
		}
	}
	if len(runs) != want {
		s.t.Errorf("%d runs, not %d", len(runs), want)
	}
	var taken []workflows.EndedRun
	for _, r := range runs {
		e, ok := s.endOf(r.request)
		if !ok || e.Outcome != app.Succeeded {
			s.t.Errorf("%s is remembered as %+v", r.request, e)
		}
		taken = append(taken, e)
	}
	if !slices.IsSortedFunc(taken, func(a, b workflows.EndedRun) int { return a.At.Compare(b.At) }) {
		s.t.Error("the runs did not come in the order of their requests")
	}
}

// ranOnly fails unless exactly these requests have run, in this order.
func (s *stage) ranOnly(requests ...string) {
	s.t.Helper()
	var ran []string
	for _, r := range s.listed(len(requests)) {
		ran = append(ran, r.request)
	}
	if !slices.Equal(ran, requests) {
		s.t.Errorf("%v ran, not %v", ran, requests)
	}
}

type ran struct {
	request    string
	begin, end time.Time
}

// listed waits until so many runs are in the engine's list, ended: it lags behind what the engine has done.
func (s *stage) listed(want int) (runs []ran) {
	s.t.Helper()
	harness.Eventually(s.t, patience, func() error {
		runs = s.runs()
		open := slices.ContainsFunc(runs, func(r ran) bool { return r.end.Before(r.begin) })
		if len(runs) < want || open {
			return fmt.Errorf("%d runs are listed, not %d; some under way: %t", len(runs), want, open)
		}
		return nil
	})
	return runs
}

// runs are all that the engine has of the site, in the order of their beginning.
func (s *stage) runs() []ran {
	s.t.Helper()
	var runs []ran
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Query: workflows.AttributeSite + " = '" + shop.String() + "' AND WorkflowType != '" + workflows.SiteName + "'",
	}
	for {
		answer, err := s.client.ListWorkflow(s.t.Context(), request)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range answer.GetExecutions() {
			id := e.GetExecution().GetWorkflowId()
			runs = append(runs, ran{id[strings.LastIndex(id, "/")+1:], e.GetStartTime().AsTime(), e.GetCloseTime().AsTime()})
		}
		if request.NextPageToken = answer.GetNextPageToken(); len(request.NextPageToken) == 0 {
			break
		}
	}
	slices.SortFunc(runs, func(a, b ran) int { return a.begin.Compare(b.begin) })
	return runs
}
