package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// watchedScenarios are deploys that are watched once they serve, go step by step, ask a person, or leave a host behind.
var watchedScenarios = []scenario{
	{"watched", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := watched(s.deployed(ctx, "bbb"), "")
		spec.Canary = &app.Canary{Weights: []int{5, 50, 100}, Each: 50 * time.Millisecond}
		return s.start(ctx, workflows.DeployName, spec)
	}, app.Succeeded},
	{"returned", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := watched(s.deployed(ctx, "bbb"), "")
		s.world.Ended("web-2", spec.Site, "2-bbb", 100, 50)
		return s.start(ctx, workflows.DeployName, spec)
	}, app.FailedClean},
	{"returned-canary", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := watched(s.deployed(ctx, "bbb"), "")
		spec.Canary = &app.Canary{Weights: []int{5, 100}, Each: time.Second}
		s.world.Ended("web-2", spec.Site, "2-bbb", 100, 50)
		return s.start(ctx, workflows.DeployName, spec)
	}, app.FailedClean},
	{"unwell-approved", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := watched(s.deployed(ctx, "bbb"), app.WatchPause)
		s.world.Ended("web-2", spec.Site, "2-bbb", 100, 50)
		return s.answered(ctx, workflows.UpdateApprove, spec)
	}, app.Succeeded},
	{"unwell-rollback", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.before(ctx)(s.start(ctx, workflows.DeployName, watched(s.world.Shop("aaa", hosts...), "")))
		s.before(ctx)(s.start(ctx, workflows.DeployName, s.world.Shop("bbb", hosts...)))
		s.world.Ended("web-1", s.world.Shop("aaa").Site, "3-aaa", 100, 50)
		return s.again(ctx, app.RunRollback, workflows.RecordedInput{})
	}, app.FailedDirty},
	{"approved", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := s.deployed(ctx, "bbb")
		spec.Approve = &app.Approve{}
		return s.answered(ctx, workflows.UpdateApprove, spec)
	}, app.Succeeded},
	{"rejected", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := s.deployed(ctx, "bbb")
		spec.Approve = &app.Approve{}
		return s.answered(ctx, workflows.UpdateReject, spec)
	}, app.Refused},
	{"nobody-approves", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := s.deployed(ctx, "bbb")
		spec.Approve = &app.Approve{Within: time.Second}
		return s.start(ctx, workflows.DeployName, spec)
	}, app.Refused},
	// The host is lost for good when its containers have started.
	{"left-behind", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := s.deployed(ctx, "bbb")
		s.world.OnOp(func(host string, op hostmemory.Op) error {
			if host == "web-2" && op.Name == "ContainerStart" {
				s.world.Machine("web-2").Unreachable(true)
			}
			return nil
		})
		return s.client.ExecuteWorkflow(ctx, s.options(), workflows.DeployName, workflows.DeployInput{
			Spec: spec, Order: workflows.Order{By: "recorder", AllowPartial: true},
		})
	}, app.Partial},
}

// watched is a spec whose web is watched for a moment.
func watched(spec app.Spec, action string) app.Spec {
	return memory.Change(spec, "web", func(s *app.Service) {
		s.Watch = app.Watch{For: time.Second, MaxFailureRatio: app.DefaultMaxFailureRatio, Action: action}
	})
}

// answered deploys a spec, and answers what the run asks.
func (s *stage) answered(ctx context.Context, update string, spec app.Spec) (client.WorkflowRun, error) {
	run, err := s.start(ctx, workflows.DeployName, spec)
	if err != nil {
		return nil, err
	}
	for q := (workflows.Question{}); !q.Waiting; {
		value, err := s.client.QueryWorkflow(ctx, run.GetID(), run.GetRunID(), workflows.QueryQuestion)
		if err != nil {
			return nil, err
		}
		if err := value.Get(&q); err != nil {
			return nil, err
		}
	}
	handle, err := s.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: run.GetID(), RunID: run.GetRunID(), UpdateName: update, UpdateID: "recorded",
		Args: []any{workflows.Decision{By: "recorder"}}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return nil, err
	}
	return run, handle.Get(ctx, nil)
}
