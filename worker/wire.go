package main

import (
	"context"

	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities/bootstrap"
	"github.com/longshore-dev/longshore/activities/build"
	"github.com/longshore-dev/longshore/activities/container"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/host"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/internal/app"
	machine "github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/spool"
	"github.com/longshore-dev/longshore/workflows"
)

// wiring is what the implementations are made of.
type wiring struct {
	hosts machine.Opener
	// fresh opens a host over a connection of its own, which the caller closes.
	fresh func(context.Context, app.Host) (machine.Host, error)
	queue string
	edges edge.Image
	// bundles is the folder for images on their way.
	bundles string
}

// register binds every workflow and activity to its name: on the queue that all workers share, and on this worker's own.
func (w wiring) register(shared, own sdk.Registry) {
	shared.RegisterWorkflowWithOptions(workflows.Deploy, workflow.RegisterOptions{Name: workflows.DeployName})
	shared.RegisterWorkflowWithOptions(workflows.Bootstrap, workflow.RegisterOptions{Name: workflows.BootstrapName})
	shared.RegisterWorkflowWithOptions(workflows.Plan, workflow.RegisterOptions{Name: workflows.PlanName})

	host.Activities{Hosts: w.hosts}.Register(shared)
	bootstrap.Activities{Hosts: w.hosts, Fresh: w.fresh}.Register(shared)
	container.Activities{Hosts: w.hosts}.Register(shared)
	release.Activities{Hosts: w.hosts}.Register(shared)
	edge.Activities{Hosts: w.hosts, Image: w.edges}.Register(shared)
	build.Activities{Hosts: w.hosts, Queue: w.queue}.Register(shared, own)
	transfer.New(w.hosts, spool.New(w.bundles), w.edges).Register(shared, own)
}
