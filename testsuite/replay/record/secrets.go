package main

import (
	"context"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// secretScenarios are runs of a site that has secrets.
var secretScenarios = []scenario{
	// One service gets new containers, one new files in those that stay.
	{"secrets", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.secretive(ctx)
		s.second()
		return s.start(ctx, workflows.DeployName, s.world.SecretShop("aaa", hosts...))
	}, app.Succeeded},
	{"secrets-missing", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		return s.start(ctx, workflows.DeployName, s.world.SecretShop("aaa", hosts...))
	}, app.FailedClean},
	{"secrets-plan", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.secretive(ctx)
		s.second()
		return s.start(ctx, workflows.PlanName, s.world.SecretShop("aaa", hosts...))
	}, app.Succeeded},
	{"secrets-rollback", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.secretive(ctx)
		s.second()
		s.before(ctx)(s.start(ctx, workflows.DeployName, s.world.SecretShop("bbb", hosts...)))
		s.world.Revoke(s.world.Version("API", 1))
		return s.again(ctx, app.RunRollback, workflows.RecordedInput{})
	}, app.Succeeded},
	{"rotate", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.secretive(ctx)
		return s.again(ctx, app.RunRotate, workflows.RecordedInput{Secrets: s.second()})
	}, app.Succeeded},
	{"rotate-failed", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.secretive(ctx)
		s.world.Machine("web-2").BehaveService("web", hostmemory.Behaviour{NeverHealthy: true})
		return s.again(ctx, app.RunRotate, workflows.RecordedInput{Secrets: s.second()})
	}, app.FailedClean},
	{"rotate-stopped", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		s.secretive(ctx)
		s.before(ctx)(s.end(ctx, app.RunStop))
		return s.again(ctx, app.RunRotate, workflows.RecordedInput{Secrets: s.second()})
	}, app.Succeeded},
}

// secretive deploys a shop whose secrets have a first version.
func (s *stage) secretive(ctx context.Context) {
	s.first()
	s.before(ctx)(s.start(ctx, workflows.DeployName, s.world.SecretShop("aaa", hosts...)))
}

// first makes the first versions.
func (s *stage) first() {
	for _, name := range []string{"API", "KEY", "NPM"} {
		s.world.Secret(name, "first value of "+name)
	}
}

// second makes new versions of what containers have.
func (s *stage) second() []app.Secret {
	return []app.Secret{s.world.Secret("API", "second value of API"), s.world.Secret("KEY", "second value of KEY")}
}
