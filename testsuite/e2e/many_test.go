//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/workflows"
)

// Two hundred requests for one site, each from a process of its own, several at once and some of them twice, under load:
// deploys of two releases in turns, most of which supersede what waits, and rollbacks.
func TestManyRequests(t *testing.T) {
	const requests, atOnce = 200, 6
	s := newScene(t)
	x := s.newSite("many")
	x.deploy(t).want(t, app.Succeeded, 0)
	y := x.checkout("2")
	y.deploy(t).want(t, app.Succeeded, 0)
	load := x.traffic(t, s.host, 1)

	next := make(chan int)
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for i := range next {
				command := []string{"deploy", "--supersede"}
				switch {
				case i%20 == 0:
					command = []string{"deploy"}
				case i%20 == 5:
					command = []string{"rollback"}
				case i%20 == 15:
					command = []string{"rollback", "--to", []string{"1", "2"}[i/20%2]}
				}
				from := []*site{x, y}[i%2]
				id := fmt.Sprintf("request-%03d", i)
				asked := from.detached(t, id, command)
				if i%7 == 0 {
					if again := from.detached(t, id, command); again != asked {
						t.Errorf("%s got %s first and then %s", id, asked, again)
					}
				}
			}
		})
	}
	for i := range requests {
		next <- i
	}
	close(next)
	group.Wait()

	c := s.Client()
	harness.Eventually(t, 5*time.Minute, func() error {
		if state := x.state(t, c, ""); state.Running != nil || len(state.Queue) > 0 {
			return fmt.Errorf("under way is %+v, and %d wait", state.Running, len(state.Queue))
		}
		return nil
	})
	load.flows(t)
	load.lossless(t, "1", "2")
	var ran []workflows.EndedRun
	outcomes := map[app.Outcome]int{}
	for i := range requests {
		id := fmt.Sprintf("request-%03d", i)
		ended := x.state(t, c, id).Ended
		at := slices.IndexFunc(ended, func(e workflows.EndedRun) bool { return e.ID == id })
		if at < 0 {
			t.Errorf("the request %s was lost", id)
			continue
		}
		outcomes[ended[at].Outcome]++
		if ended[at].Outcome != app.Superseded {
			ran = append(ran, ended[at])
		}
	}
	t.Logf("outcomes: %v", outcomes)
	x.ranOnceInOrder(t, c, ran)
}

// checkout is another checkout of the same project, with another version.
func (x *site) checkout(version string) *site {
	y := *x
	files := harness.Files(x.project, x.route, x.on)
	files["compose.yaml"] = x.compose(web{})
	y.App = x.scene.NewApp(files)
	y.SetVersion(version)
	return &y
}

// detached asks for a run without following it, and answers the run's workflow id.
func (x *site) detached(t *testing.T, id string, command []string) string {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := x.scene.Start(x.Dir, append(command, "--detach", "-o", "json", "--request-id", id)...).Wait(ctx)
	var accepted struct {
		WorkflowID string `json:"workflow_id"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(out.Stdout), &accepted)
	}
	if err != nil || out.Code != 0 {
		t.Errorf("%s: %v: %s", id, err, out)
	}
	return accepted.WorkflowID
}

// state asks the site's workflow, with the end of one request however long ago it was.
func (x *site) state(t *testing.T, c client.Client, request string) workflows.SiteState {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var state workflows.SiteState
	answer, err := c.QueryWorkflow(ctx, workflows.SiteID(x.id()), "", workflows.QueryState, workflows.StateQuery{Request: request})
	if err == nil {
		err = answer.Get(&state)
	}
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// ranOnceInOrder holds what the site remembers to the engine's histories: these runs were, each once, in the order in
// which they were asked for, and none before the one before had ended.
func (x *site) ranOnceInOrder(t *testing.T, c client.Client, want []workflows.EndedRun) {
	t.Helper()
	slices.SortFunc(want, func(a, b workflows.EndedRun) int { return a.At.Compare(b.At) })
	type run struct {
		id         string
		begin, end time.Time
	}
	var runs []run
	harness.Eventually(t, patience, func() error { // the list comes after the histories
		runs = nil
		var page []byte
		for {
			answer, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
				Query:         fmt.Sprintf("%s = '%s' AND WorkflowType != '%s'", workflows.AttributeSite, x.full(), workflows.SiteName),
				NextPageToken: page,
			})
			if err != nil {
				return err
			}
			for _, e := range answer.GetExecutions() {
				id := e.GetExecution().GetWorkflowId()
				if strings.Contains(id, "/request-") {
					runs = append(runs, run{id, e.GetStartTime().AsTime(), e.GetCloseTime().AsTime()})
				}
			}
			if page = answer.GetNextPageToken(); len(page) == 0 {
				break
			}
		}
		if len(runs) < len(want) {
			return fmt.Errorf("the engine lists %d runs, not %d", len(runs), len(want))
		}
		return nil
	})
	slices.SortFunc(runs, func(a, b run) int { return a.begin.Compare(b.begin) })
	for i, r := range runs {
		if i >= len(want) || r.id != want[i].WorkflowID {
			t.Fatalf("the runs were %+v, and were asked for as %+v", runs, want)
		}
		if i > 0 && r.begin.Before(runs[i-1].end) {
			t.Errorf("%s began before %s had ended", r.id, runs[i-1].id)
		}
	}
}
