package main

import (
	"context"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities/bootstrap"
	"github.com/longshore-dev/longshore/activities/build"
	"github.com/longshore-dev/longshore/activities/container"
	"github.com/longshore-dev/longshore/activities/credential"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/host"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/activities/rotation"
	"github.com/longshore-dev/longshore/activities/secret"
	"github.com/longshore-dev/longshore/activities/site"
	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/internal/app"
	machine "github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/spool"
	"github.com/longshore-dev/longshore/workflows"
)

// wiring is what the implementations are made of.
type wiring struct {
	hosts machine.Opener
	// fresh opens a host over a connection of its own, which the caller closes.
	fresh  func(context.Context, app.Host) (machine.Host, error)
	client client.Client
	queue  string
	edges  edge.Image
	// bundles is the folder for images on their way.
	bundles string
	// chunks is the folder for what is known of layers that were sent.
	chunks  string
	secrets secrets
}

// register binds every workflow and activity to its name: on the queue that all workers share, and on this worker's own.
func (w wiring) register(shared, own sdk.Registry) {
	shared.RegisterWorkflowWithOptions(workflows.Site, workflow.RegisterOptions{Name: workflows.SiteName})
	shared.RegisterWorkflowWithOptions(workflows.Deploy, workflow.RegisterOptions{Name: workflows.DeployName})
	shared.RegisterWorkflowWithOptions(workflows.Bootstrap, workflow.RegisterOptions{Name: workflows.BootstrapName})
	shared.RegisterWorkflowWithOptions(workflows.Plan, workflow.RegisterOptions{Name: workflows.PlanName})
	shared.RegisterWorkflowWithOptions(workflows.Rollback, workflow.RegisterOptions{Name: string(app.RunRollback)})
	shared.RegisterWorkflowWithOptions(workflows.Restart, workflow.RegisterOptions{Name: string(app.RunRestart)})
	shared.RegisterWorkflowWithOptions(workflows.Scale, workflow.RegisterOptions{Name: string(app.RunScale)})
	shared.RegisterWorkflowWithOptions(workflows.Start, workflow.RegisterOptions{Name: string(app.RunStart)})
	shared.RegisterWorkflowWithOptions(workflows.Repair, workflow.RegisterOptions{Name: string(app.RunRepair)})
	shared.RegisterWorkflowWithOptions(workflows.Rotate, workflow.RegisterOptions{Name: string(app.RunRotate)})
	shared.RegisterWorkflowWithOptions(workflows.RotateSecret, workflow.RegisterOptions{Name: workflows.RotateSecretName})
	shared.RegisterWorkflowWithOptions(workflows.Stop, workflow.RegisterOptions{Name: string(app.RunStop)})
	shared.RegisterWorkflowWithOptions(workflows.Remove, workflow.RegisterOptions{Name: string(app.RunRemove)})

	site.Activities{Hosts: w.hosts, Client: w.client}.Register(shared)
	host.Activities{Hosts: w.hosts}.Register(shared)
	bootstrap.Activities{Hosts: w.hosts, Fresh: w.fresh}.Register(shared)
	secret.Activities{Finder: w.secrets.finder, Opener: w.secrets.opener}.Register(shared)
	rotation.Activities{Hosts: w.hosts, Client: w.client}.Register(shared)
	credential.Activities{Hosts: w.hosts, Secrets: w.secrets.opener}.Register(shared)
	container.Activities{Hosts: w.hosts, Secrets: w.secrets.opener}.Register(shared)
	release.Activities{Hosts: w.hosts}.Register(shared)
	edge.Activities{Hosts: w.hosts, Image: w.edges}.Register(shared)
	build.Activities{Hosts: w.hosts, Secrets: w.secrets.opener, Queue: w.queue}.Register(shared, own)
	transfer.New(w.hosts, w.secrets.opener, spool.New(w.bundles), chunk.NewStore(w.chunks), w.edges).Register(shared, own)
}
