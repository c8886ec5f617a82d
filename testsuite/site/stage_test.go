//go:build e2e

package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/activities/site"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

var shop = app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}

// patience bounds everything that a test waits for, on a busy machine: two hundred runs are the longest of it.
const patience = 8 * time.Minute

// stage is an engine, a worker and hosts in memory.
type stage struct {
	t      *testing.T
	client client.Client
	world  *memory.World
}

func newStage(t *testing.T) *stage {
	t.Helper()
	path, err := exec.LookPath("temporal")
	if err != nil {
		t.Fatalf("the engine is missing, make tools puts it into bin/: %v", err)
	}
	server, err := testsuite.StartDevServer(t.Context(), testsuite.DevServerOptions{
		ExistingPath: path, ClientOptions: &client.Options{Logger: quiet{}}, LogLevel: "error", Stdout: io.Discard, ExtraArgs: engine.DevServer(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{t: t, client: server.Client(), world: memory.New("web-1", "web-2")}
	if _, err := engine.Prepare(t.Context(), s.client, client.DefaultNamespace); err != nil {
		t.Fatal(err)
	}
	s.work()
	return s
}

// work starts a worker whose runs are stand-ins.
func (s *stage) work() {
	w := worker.New(s.client, workflows.TaskQueue, worker.Options{Interceptors: []interceptor.WorkerInterceptor{heartbeat.Interceptor()}})
	w.RegisterWorkflowWithOptions(workflows.Site, workflow.RegisterOptions{Name: workflows.SiteName})
	w.RegisterWorkflowWithOptions(deploy, workflow.RegisterOptions{Name: workflows.DeployName})
	for _, kind := range app.RunKinds()[1:] {
		w.RegisterWorkflowWithOptions(recorded, workflow.RegisterOptions{Name: string(kind)})
	}
	site.Activities{Hosts: s.world.Opener(), Client: s.client}.Register(w)
	if err := w.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(w.Stop)
}

// What a stand-in does, as the reason of its request.
const (
	hold    = "hold"    // it waits until it is let go, or cancelled
	fail    = "fail"    // it fails
	partial = "partial" // it leaves web-2 behind
)

// letGo is the signal that ends a hold.
const letGo = "let-go"

func deploy(ctx workflow.Context, in workflows.DeployInput) (app.Result, error) {
	return play(ctx, in.Order, in.Spec.Source.ID)
}

// recorded stands in for every other kind: their inputs have the same order in them.
func recorded(ctx workflow.Context, in workflows.RecordedInput) (app.Result, error) {
	return play(ctx, in.Order, "again")
}

func play(ctx workflow.Context, order workflows.Order, source string) (app.Result, error) {
	result := app.Result{Outcome: app.Succeeded, Fence: order.Fence, Release: app.ReleaseID(int(order.Fence), source)}
	switch order.Why {
	case hold:
		selector := workflow.NewSelector(ctx)
		selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
		selector.AddReceive(workflow.GetSignalChannel(ctx, letGo), func(workflow.ReceiveChannel, bool) {})
		selector.Select(ctx)
		if ctx.Err() != nil {
			result.Outcome, result.Release = app.Cancelled, ""
			return result, temporal.NewCanceledError(result)
		}
	case fail:
		result.Outcome, result.Release = app.FailedClean, ""
		result.Failure = &app.Failure{Kind: app.KindUnhealthy, Message: "it was made to fail"}
		return result, temporal.NewNonRetryableApplicationError("failed", string(result.Outcome), nil, result)
	case partial:
		result.Outcome, result.Behind = app.Partial, []string{"web-2"}
	}
	return result, nil
}

// deployRequest asks for a deploy of the source that is named as the request.
func deployRequest(id, why string) workflows.Request {
	spec := app.Spec{Site: shop, Source: app.Source{ID: id}, Hosts: hosts()}
	return workflows.Request{ID: id, Kind: app.RunDeploy, Deploy: &workflows.DeployInput{Spec: spec, Order: workflows.Order{By: "tester", Why: why}}}
}

func recordedRequest(id string, kind app.RunKind, why string) workflows.Request {
	in := &workflows.RecordedInput{Site: shop, Hosts: hosts(), Order: workflows.Order{By: "tester", Why: why}}
	return workflows.Request{ID: id, Kind: kind, Recorded: in}
}

func hosts() []app.Host {
	return []app.Host{{Name: "web-1", Address: "deploy@web-1"}, {Name: "web-2", Address: "deploy@web-2"}}
}

// ask sends an update with start, as the CLI does.
func (s *stage) ask(ctx context.Context, name, id string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := s.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: workflows.SiteID(shop), TaskQueue: workflows.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, workflows.SiteName, workflows.SiteInput{Site: shop})
	handle, err := s.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: name, UpdateID: id, Args: []any{in}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, out)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", name, id, err)
	}
	return nil
}

// request has a request taken.
func (s *stage) request(r workflows.Request) workflows.Accepted {
	s.t.Helper()
	var accepted workflows.Accepted
	if err := s.ask(s.t.Context(), workflows.UpdateRequest, r.ID, r, &accepted); err != nil {
		s.t.Fatal(err)
	}
	return accepted
}

// refused is the kind of failure that an update is refused with.
func refused(err error) string {
	var refusal *temporal.ApplicationError
	var f app.Failure
	if !errors.As(err, &refusal) || refusal.Details(&f) != nil || f.Kind != refusal.Type() || f.Message == "" {
		return fmt.Sprintf("no failure: %v", err)
	}
	return f.Kind
}

func (s *stage) state() workflows.SiteState { return s.stateFor("") }

// stateFor is the state with the end of a request, however long ago it was.
func (s *stage) stateFor(request string) workflows.SiteState {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	var state workflows.SiteState
	answer, err := s.client.QueryWorkflow(ctx, workflows.SiteID(shop), "", workflows.QueryState, workflows.StateQuery{Request: request})
	if err == nil {
		err = answer.Get(&state)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// until waits for a state.
func (s *stage) until(what string, holds func(workflows.SiteState) bool) (state workflows.SiteState) {
	s.t.Helper()
	harness.Eventually(s.t, patience, func() error {
		if state = s.state(); !holds(state) {
			return fmt.Errorf("not %s: %+v", what, state)
		}
		return nil
	})
	return state
}

// ended waits until a request has, and answers how.
func (s *stage) ended(id string) workflows.EndedRun {
	s.t.Helper()
	var found workflows.EndedRun
	s.until(id+" ended", func(workflows.SiteState) (ok bool) {
		found, ok = s.endOf(id)
		return ok
	})
	return found
}

func (s *stage) endOf(id string) (workflows.EndedRun, bool) {
	s.t.Helper()
	for _, e := range s.stateFor(id).Ended {
		if e.ID == id {
			return e, true
		}
	}
	return workflows.EndedRun{}, false
}

// running waits until a request is under way, and its run has come to where it holds.
func (s *stage) running(id string) {
	s.t.Helper()
	state := s.until(id+" running", func(state workflows.SiteState) bool { return state.Running != nil && state.Running.ID == id })
	s.begun(state.Running.WorkflowID)
}

// begun waits until a run has done its first task, to which it can be reset.
func (s *stage) begun(workflowID string) (tasks []int64) {
	s.t.Helper()
	harness.Eventually(s.t, patience, func() error {
		var err error
		if tasks, err = s.tasks(workflowID); err == nil && len(tasks) == 0 {
			err = errors.New(workflowID + " has done nothing")
		}
		return err
	})
	return tasks
}

func (s *stage) letGo(id string) {
	s.t.Helper()
	if err := s.client.SignalWorkflow(s.t.Context(), workflows.RunID(shop, app.RunDeploy, id), "", letGo, nil); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) terminate(workflowID string) {
	s.t.Helper()
	if err := s.client.TerminateWorkflow(s.t.Context(), workflowID, "", "a test"); err != nil {
		s.t.Fatal(err)
	}
}

// quiet keeps the SDK's log out of the tests' output.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
