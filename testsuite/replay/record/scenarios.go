package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/activities/rotation"
	"github.com/longshore-dev/longshore/activities/site"
	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/testsuite/replay"
	"github.com/longshore-dev/longshore/workflows"
)

// scenario is a run to record; each has a world of its own. A site's own workflow has no outcome.
type scenario struct {
	name    string
	play    func(ctx context.Context, s *stage) (client.WorkflowRun, error)
	outcome app.Outcome // empty for a workflow that has none
}

var hosts = []string{"web-1", "web-2"}

var deployScenarios = []scenario{
	{"first-deploy", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		return s.start(ctx, workflows.DeployName, s.world.Shop("aaa", hosts...))
	}, app.Succeeded},
	{"redeploy", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		return s.start(ctx, workflows.DeployName, s.deployed(ctx, "bbb"))
	}, app.Succeeded},
	{"unchanged", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		return s.start(ctx, workflows.DeployName, s.deployed(ctx, "aaa"))
	}, app.Unchanged},
	{"unchanged-after-build", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := s.deployed(ctx, "aaa")
		spec.Source.ID = "bbb"
		return s.start(ctx, workflows.DeployName, spec)
	}, app.Unchanged},
	{"failed-clean", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := s.deployed(ctx, "bbb")
		s.world.Machine("web-2").BehaveService("web", hostmemory.Behaviour{NeverHealthy: true})
		return s.start(ctx, workflows.DeployName, spec)
	}, app.FailedClean},
	{"cancelled", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := s.deployed(ctx, "bbb")
		spec = memory.Change(spec, "web", func(s *app.Service) { s.Health.Within = within })
		s.world.Machine("web-1").BehaveService("web", hostmemory.Behaviour{NeverHealthy: true})
		asked := make(chan struct{})
		s.world.OnOp(func(host string, op hostmemory.Op) error {
			if host == "web-1" && op.Name == "ContainerStart" {
				select {
				case asked <- struct{}{}:
				default:
				}
			}
			return nil
		})
		run, err := s.start(ctx, workflows.DeployName, spec)
		if err != nil {
			return nil, err
		}
		select {
		case <-asked:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return run, s.client.CancelWorkflow(ctx, run.GetID(), run.GetRunID())
	}, app.Cancelled},
	{"registry-images", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		spec := s.world.Shop("aaa", hosts...)
		spec = memory.Change(spec, "db", func(s *app.Service) { s.Push = true })
		spec = memory.Change(spec, "queue", func(s *app.Service) { s.PullPolicy = "always" })
		spec.Transfer.Parallel = 1
		return s.start(ctx, workflows.DeployName, spec)
	}, app.Succeeded},
	{"plan", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		return s.start(ctx, workflows.PlanName, s.deployed(ctx, "bbb"))
	}, app.Succeeded},
	{"bootstrap", func(ctx context.Context, s *stage) (client.WorkflowRun, error) {
		in := workflows.BootstrapInput{Host: app.Host{Name: hosts[0], Address: hosts[0]}, By: "recorder"}
		return s.execute(ctx, workflows.BootstrapName, in)
	}, ""},
}

// stage is what a scenario plays on.
type stage struct {
	client client.Client
	world  *memory.World
	id     string
	err    error
}

// run plays a scenario to its end.
func (sc scenario) run(ctx context.Context, c client.Client) (client.WorkflowRun, error) {
	s := &stage{client: c, world: memory.New(hosts...), id: "recorded/" + sc.name}
	keys, err := os.MkdirTemp("", "recorded-keys-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the key ring: %w", err)
	}
	defer func() { _ = os.RemoveAll(keys) }() // it holds nothing that anybody needs
	s.world.Keys(keys)
	options := worker.Options{Interceptors: []interceptor.WorkerInterceptor{heartbeat.Interceptor()}}
	// Every run picks another builder: at most two before the recorded run, and its own.
	queues := []string{workflows.TaskQueue, memory.Queue(1), memory.Queue(2), memory.Queue(3)}
	for i, queue := range queues {
		options.DisableWorkflowWorker = i > 0
		w := worker.New(c, queue, options)
		if i == 0 {
			replay.Register(w)
			site.Activities{Hosts: s.world.Opener(), Client: c}.Register(w)
			rotation.Activities{Hosts: s.world.Opener(), Client: c}.Register(w)
			versions{s.world}.register(w)
		}
		s.world.Register(w, w)
		if err := w.Start(); err != nil {
			return nil, fmt.Errorf("start a worker: %w", err)
		}
		defer w.Stop()
	}
	run, err := sc.play(ctx, s)
	if err := errors.Join(err, s.err); err != nil {
		return nil, err
	}
	if sc.outcome == "" {
		if err := run.Get(ctx, nil); !temporal.IsCanceledError(err) {
			return nil, fmt.Errorf("it was not ended by hand: %w", err)
		}
		return run, nil
	}
	result, err := end(ctx, run)
	if err == nil && result.Outcome != sc.outcome {
		err = fmt.Errorf("it ended as %s: %+v", result.Outcome, result.Failure)
	}
	return run, err
}

func (s *stage) start(ctx context.Context, name string, spec app.Spec) (client.WorkflowRun, error) {
	return s.execute(ctx, name, workflows.DeployInput{Spec: spec, Order: workflows.Order{By: "recorder"}})
}

func (s *stage) execute(ctx context.Context, name string, input any) (client.WorkflowRun, error) {
	return s.client.ExecuteWorkflow(ctx, s.options(), name, input)
}

func (s *stage) options() client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: s.id, TaskQueue: workflows.TaskQueue}
}

// deployed deploys the shop from the source "aaa", and answers it from another.
func (s *stage) deployed(ctx context.Context, next string) app.Spec {
	s.before(ctx)(s.start(ctx, workflows.DeployName, s.world.Shop("aaa", hosts...)))
	return s.world.Shop(next, hosts...)
}

// before has a run succeed that the recorded one comes after.
func (s *stage) before(ctx context.Context) func(client.WorkflowRun, error) {
	return func(run client.WorkflowRun, err error) {
		if err == nil {
			var result app.Result
			result, err = end(ctx, run)
			if err == nil && result.Outcome != app.Succeeded {
				err = fmt.Errorf("the run before ended as %s: %+v", result.Outcome, result.Failure)
			}
		}
		s.err = errors.Join(s.err, err)
	}
}

// end waits for a run's result, which its error carries where it did not succeed.
func end(ctx context.Context, run client.WorkflowRun) (app.Result, error) {
	var result app.Result
	err := run.Get(ctx, &result)
	var failed *temporal.ApplicationError
	var cancelled *temporal.CanceledError
	switch {
	case errors.As(err, &failed):
		err = failed.Details(&result)
	case errors.As(err, &cancelled):
		err = cancelled.Details(&result)
	}
	return result, err
}
