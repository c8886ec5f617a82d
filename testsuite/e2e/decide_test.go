//go:build e2e

package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/workflows"
)

// id is the site's, for workflow ids.
func (x *site) id() app.Site {
	return app.Site{Org: app.DefaultOrg, Project: x.project, Name: "production"}
}

// asks waits until a run asks for a decision.
func asks(t *testing.T, c client.Client, workflowID string) workflows.Question {
	t.Helper()
	var q workflows.Question
	harness.Eventually(t, patience, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		answer, err := c.QueryWorkflow(ctx, workflowID, "", workflows.QueryQuestion)
		if err != nil {
			return err
		}
		if err := answer.Get(&q); err != nil {
			return err
		}
		if !q.Waiting {
			return errors.New("the run asks for nothing")
		}
		return nil
	})
	return q
}

// decide sends a run a decision as the web UI does: by an update of its workflow.
func decide(t *testing.T, c client.Client, workflowID, update string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	handle, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: update, WaitForStage: client.WorkflowUpdateStageCompleted,
		Args: []any{workflows.Decision{By: "ann", Why: "seen it"}},
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

// byDecision approves and rejects runs, by the CLI and by a raw update, and decides about a release that cannot be taken
// back by itself.
func byDecision(t *testing.T, s *scene) {
	x := s.newSite("decide")
	x.deploy(t).want(t, app.Succeeded, 0)
	c := s.Client()
	files := read(t, x.Dir, "longshore.yml")
	x.Write("longshore.yml", strings.Replace(files, "production: { ", "production: { approve: true, ", 1))
	load := x.traffic(t, s.host, 0)

	x.SetVersion("2")
	deploy := x.begin("deploy", "--request-id", "approved")
	q := asks(t, c, workflows.RunID(x.id(), app.RunDeploy, "approved"))
	if !strings.Contains(q.Text, "2-") || q.Until.Before(time.Now()) {
		t.Errorf("the question: %+v", q)
	}
	before := footprint(t, s.host)
	if out := x.longshore(t, "approve"); out.Code != 0 {
		t.Fatal(out)
	}
	e := outcome(t, deploy)
	e.want(t, app.Succeeded, 0)
	if len(e.Notes) == 0 || !strings.HasPrefix(e.Notes[0], "Approved by ") {
		t.Errorf("the notes: %q", e.Notes)
	}
	if after := footprint(t, s.host); strings.Join(after, "\n") == strings.Join(before, "\n") {
		t.Error("the deploy has changed the host before it was approved")
	}

	x.SetVersion("3")
	before = footprint(t, s.host)
	id := workflows.RunID(x.id(), app.RunDeploy, "rejected")
	deploy = x.begin("deploy", "--request-id", "rejected")
	asks(t, c, id)
	if err := decide(t, c, id, workflows.UpdateReject); err != nil {
		t.Fatal(err)
	}
	e = outcome(t, deploy)
	e.want(t, app.Refused, 5)
	if f := e.Failure; f == nil || f.Kind != app.KindRejected || !strings.Contains(f.Message, "ann (seen it)") {
		t.Errorf("the failure: %+v", f)
	}
	if err := decide(t, c, id, workflows.UpdateApprove); err == nil {
		t.Error("a run that has ended took a decision")
	}
	same(t, before, footprint(t, s.host))
	load.lossless(t, "1", "2")

	x.Write("longshore.yml", files)
	w := failing
	w.top = "x-longshore: { irreversible: true }\n"
	x.set("bad", w)
	load = x.traffic(t, s.host, 0)
	deploy = x.begin("deploy", "--request-id", "asked")
	asks(t, c, workflows.RunID(x.id(), app.RunDeploy, "asked"))
	if out := x.longshore(t, "reject", "--why", "too many errors"); out.Code != 0 {
		t.Fatal(out)
	}
	e = outcome(t, deploy)
	e.want(t, app.FailedClean, 3)
	if !e.Returned {
		t.Errorf("the result: %+v", e.Result)
	}
	load.onlyLostBy(t, "bad", "2")
}
