package main

import (
	"context"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// recordedScenarios are runs of what the hosts have recorded, and the end of a site.
var recordedScenarios = []scenario{
	{"rollback", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.redeployed(ctx)
		return s.again(ctx, app.RunRollback, workflows.RecordedInput{})
	}, app.Succeeded},
	{"rollback-failed", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.redeployed(ctx)
		s.world.Machine("web-2").BehaveService("web", hostmemory.Behaviour{NeverHealthy: true})
		return s.again(ctx, app.RunRollback, workflows.RecordedInput{})
	}, app.FailedClean},
	{"rollback-refused", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.deployed(ctx, "aaa")
		return s.again(ctx, app.RunRollback, workflows.RecordedInput{To: "7-zzz"})
	}, app.Refused},
	{"restart", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.deployed(ctx, "aaa")
		return s.again(ctx, app.RunRestart, workflows.RecordedInput{Services: []string{"worker"}})
	}, app.Succeeded},
	{"scale", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.deployed(ctx, "aaa")
		return s.again(ctx, app.RunScale, workflows.RecordedInput{Replicas: map[string]int{"web": 3}})
	}, app.Succeeded},
	{"stop", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.deployed(ctx, "aaa")
		return s.end(ctx, app.RunStop)
	}, app.Succeeded},
	{"start", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.deployed(ctx, "aaa")
		s.before(ctx)(s.end(ctx, app.RunStop))
		return s.again(ctx, app.RunStart, workflows.RecordedInput{})
	}, app.Succeeded},
	{"remove", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.deployed(ctx, "aaa")
		return s.end(ctx, app.RunRemove)
	}, app.Succeeded},
	// Its images come from the other host.
	{"repair-new-host", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.before(ctx)(s.start(ctx, workflows.DeployName, s.world.Shop("aaa", "web-1")))
		return s.again(ctx, app.RunRepair, workflows.RecordedInput{})
	}, app.Succeeded},
}

// redeployed is the shop in its second release.
func (s *stage) redeployed(ctx context.Context) {
	s.before(ctx)(s.start(ctx, workflows.DeployName, s.deployed(ctx, "bbb")))
}

// again starts a run of what the hosts have recorded.
func (s *stage) again(ctx context.Context, kind app.RunKind, in workflows.RecordedInput) (client.WorkflowRun, error) {
	spec := s.world.Shop("aaa", hosts...)
	in.Site, in.Hosts, in.Order = spec.Site, spec.Hosts, workflows.Order{By: "recorder"}
	return s.client.ExecuteWorkflow(ctx, s.options(), string(kind), in)
}

// end starts a stop or the removal of the site.
func (s *stage) end(ctx context.Context, kind app.RunKind) (client.WorkflowRun, error) {
	spec := s.world.Shop("aaa", hosts...)
	return s.client.ExecuteWorkflow(ctx, s.options(), string(kind), workflows.StopInput{
		Site: spec.Site, Hosts: spec.Hosts, Order: workflows.Order{By: "recorder"},
	})
}
