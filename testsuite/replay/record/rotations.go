package main

import (
	"context"
	"path"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// rotationScenarios are rotations of one secret over two sites.
var rotationScenarios = []scenario{
	{"rotate-secret", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		return s.execute(ctx, workflows.RotateSecretName, s.rotation(ctx, "API"))
	}, app.Succeeded},
	// One site has the new version when it turns out that the other never gets well with it. Its database reads it in place.
	{"rotate-secret-back", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		in := s.rotation(ctx, "KEY")
		s.world.Machine("web-2").BehaveService("worker", hostmemory.Behaviour{Exits: true, ExitCode: 1})
		rolled := make(chan struct{})
		s.world.OnOp(func(host string, op hostmemory.Op) error {
			if host == "web-2" && op.Name == "ContainerStart" {
				select {
				case <-rolled:
				case <-ctx.Done():
				}
			}
			return nil
		})
		run, err := s.execute(ctx, workflows.RotateSecretName, in)
		if err != nil {
			return nil, err
		}
		defer close(rolled)
		return run, s.rolledTo(ctx, run, in.Sites[0].Site, "2")
	}, app.FailedClean},
}

// rotation has two sites with a secret, each on a host of its own, and asks for the secret's rotation. Their project is the
// scenario's own: the engine knows the others' sites.
func (s *stage) rotation(ctx context.Context, secret string) workflows.RotateSecretInput {
	s.first()
	project := path.Base(s.id)
	in := workflows.RotateSecretInput{
		Secret: app.SecretLine{Name: secret, Scope: app.SecretScope{Kind: app.ScopeProject, Of: app.DefaultOrg + "/" + project, Folder: "/secrets"}},
		Settings: app.Rotation{
			With: app.WithPostgres, Service: "db", Users: []string{"shop_a", "shop_b"}, Soak: time.Second,
		},
		By: "recorder",
	}
	for i, name := range []string{"east", "west"} {
		spec := s.world.SecretShop("aaa", hosts[i])
		spec.Site.Project, spec.Site.Name = project, name
		s.before(ctx)(s.start(ctx, workflows.DeployName, spec))
		in.Sites = append(in.Sites, activities.RotationSite{Site: spec.Site, Hosts: spec.Hosts, Scopes: []app.SecretScope{in.Secret.Scope}})
	}
	return in
}

// rolledTo waits until a rotation has brought a site to a version.
func (s *stage) rolledTo(ctx context.Context, run client.WorkflowRun, site app.Site, version string) error {
	for ctx.Err() == nil {
		value, err := s.client.QueryWorkflow(ctx, run.GetID(), run.GetRunID(), workflows.QueryRotation)
		if err != nil {
			return err
		}
		var state workflows.RotationState
		if err := value.Get(&state); err != nil {
			return err
		}
		for _, rotated := range state.Sites {
			if rotated.Site == site.String() && rotated.Version == version {
				return nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return ctx.Err()
}
