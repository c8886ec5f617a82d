package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/starter/queue"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// siteScenarios are the lives of sites' own workflows, each ended by hand.
var siteScenarios = []scenario{
	{"site", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		q := s.live(ctx)
		return s.endSite(ctx, q)
	}, ""},
	// Everything is asked for once more, at once.
	{"site-reset", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		q := s.live(ctx)
		s.reset(ctx, q)
		return s.endSite(ctx, q)
	}, ""},
	// The run that was under way goes on, and the next workflow of the site finds it.
	{"site-terminated", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		q := s.holding(ctx)
		s.listed(ctx, workflows.RunID(q.Site, app.RunDeploy, "two"))
		terminated := s.client.TerminateWorkflow(ctx, workflows.SiteID(q.Site), "", "recorded")
		s.ask(ctx, q, s.rollback("three"))
		s.running(ctx, q, "two")
		cancelled := s.client.CancelWorkflow(ctx, workflows.RunID(q.Site, app.RunDeploy, "two"), "")
		s.ended(ctx, q, "three")
		s.err = errors.Join(s.err, terminated, cancelled)
		return s.endSite(ctx, q)
	}, ""},
}

// holding has a site with one release, and a deploy under way that does not come to an end.
func (s *stage) holding(ctx context.Context) queue.Queue {
	q := queue.Queue{Client: s.client, Site: s.shop("aaa").Site}
	s.ask(ctx, q, s.deploy("one", "aaa"))
	s.ended(ctx, q, "one")
	s.world.Machine("web-1").BehaveService("web", hostmemory.Behaviour{NeverHealthy: true})
	slow := s.deploy("two", "bbb")
	slow.Deploy.Spec = memory.Change(slow.Deploy.Spec, "web", func(s *app.Service) { s.Health.Within = within })
	s.ask(ctx, q, slow)
	s.running(ctx, q, "two")
	return q
}

// live has a site live through all that it knows, but for hosts that are left behind.
func (s *stage) live(ctx context.Context) queue.Queue {
	q := s.holding(ctx)
	s.ask(ctx, q, s.rollback("back"))
	_, err := q.Withdraw(ctx, workflows.Withdrawal{ID: "back", By: "recorder"})
	s.ask(ctx, q, s.rollback("old"))
	newer := s.rollback("newer")
	newer.Supersede = true
	s.ask(ctx, q, newer)
	_, withdrawn := q.Withdraw(ctx, workflows.Withdrawal{By: "recorder"})
	s.ended(ctx, q, "two")
	s.world.Machine("web-1").BehaveService("web", hostmemory.Behaviour{})
	s.ask(ctx, q, s.deploy("three", "bbb"))
	s.ended(ctx, q, "three")
	_, frozen := q.Freeze(ctx, workflows.FreezeInput{Freeze: app.Freeze{By: "recorder", At: time.Now()}, Hosts: s.shop("aaa").Hosts}, nil)
	urgent := s.rollback("urgent")
	urgent.BreakFreeze = true
	s.ask(ctx, q, urgent)
	s.ended(ctx, q, "urgent")
	_, thawed := q.Thaw(ctx, workflows.ThawInput{At: time.Now()}, nil)
	s.err = errors.Join(s.err, err, withdrawn, frozen, thawed)
	return q
}

func (s *stage) deploy(id, source string) workflows.Request {
	return workflows.Request{ID: id, Kind: app.RunDeploy, Deploy: &workflows.DeployInput{
		Spec: s.shop(source), Order: workflows.Order{By: "recorder"},
	}}
}

func (s *stage) rollback(id string) workflows.Request {
	spec := s.shop("aaa")
	return workflows.Request{ID: id, Kind: app.RunRollback, Recorded: &workflows.RecordedInput{
		Site: spec.Site, Hosts: spec.Hosts, Order: workflows.Order{By: "recorder"},
	}}
}

// shop is a site of the scenario's own: the engine knows the others' requests.
func (s *stage) shop(source string) app.Spec {
	spec := s.world.Shop(source, hosts...)
	spec.Site.Name = path.Base(s.id)
	return spec
}

func (s *stage) ask(ctx context.Context, q queue.Queue, r workflows.Request) {
	_, err := q.Request(ctx, r, nil)
	s.err = errors.Join(s.err, err)
}

// ended waits until a request has.
func (s *stage) ended(ctx context.Context, q queue.Queue, id string) {
	s.until(ctx, q, id, func(state workflows.SiteState) bool {
		return slices.ContainsFunc(state.Ended, func(e workflows.EndedRun) bool { return e.ID == id })
	})
}

func (s *stage) running(ctx context.Context, q queue.Queue, id string) {
	s.until(ctx, q, id, func(state workflows.SiteState) bool { return state.Running != nil && state.Running.ID == id })
}

// until waits for a state of the site, with how a request has ended.
func (s *stage) until(ctx context.Context, q queue.Queue, id string, holds func(workflows.SiteState) bool) {
	for s.err == nil {
		// A workflow that is just being reset may not answer.
		if state, err := q.State(ctx, id); err == nil && holds(state) {
			return
		}
		s.err = ctx.Err()
		time.Sleep(20 * time.Millisecond)
	}
}

// listed waits until the engine lists a run, which is a moment after it knows it.
func (s *stage) listed(ctx context.Context, workflowID string) {
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowId = '" + workflowID + "'"}
	for s.err == nil {
		answer, err := s.client.ListWorkflow(ctx, request)
		if len(answer.GetExecutions()) > 0 {
			return
		}
		s.err = errors.Join(err, ctx.Err())
		time.Sleep(20 * time.Millisecond)
	}
}

// reset has the site's workflow begin again from the end of its third task.
func (s *stage) reset(ctx context.Context, q queue.Queue) {
	events := s.client.GetWorkflowHistory(ctx, workflows.SiteID(q.Site), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	tasks := 0
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			s.err = errors.Join(s.err, err)
			return
		}
		if e.GetEventType() != enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}
		if tasks++; tasks < 3 {
			continue
		}
		_, err = s.client.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: client.DefaultNamespace, WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflows.SiteID(q.Site)},
			Reason: "recorded", RequestId: rand.Text(), WorkflowTaskFinishEventId: e.GetEventId(),
		})
		s.err = errors.Join(s.err, err)
		return
	}
	s.err = errors.Join(s.err, fmt.Errorf("the site's workflow has done %d tasks", tasks))
}

// endSite ends an idle site's workflow, and answers it.
func (s *stage) endSite(ctx context.Context, q queue.Queue) (client.WorkflowRun, error) {
	s.until(ctx, q, "", func(state workflows.SiteState) bool {
		return state.Running == nil && len(state.Queue) == 0 && len(state.Ended) > 0
	})
	id := workflows.SiteID(q.Site)
	run := s.client.GetWorkflow(ctx, id, "")
	return run, s.client.CancelWorkflow(ctx, id, "")
}
