package rotation_test

import (
	"context"
	"encoding/json"
	"sync"

	commonpb "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// engine is the part of an engine that the activities speak with: the sites that it has, and one run.
type engine struct {
	client.Client
	// sites are pages of workflow ids, and states what the sites know.
	sites  [][]string
	states map[string]workflows.SiteState

	mu sync.Mutex
	// refuses is what the site answers to a request; nil takes it.
	refuses error
	// lost are how many messages do not arrive.
	lost     int
	requests []workflows.Request
	// begun says that the run is there; end is closed when it has ended, with the result.
	begun  bool
	end    chan struct{}
	result app.Result
	// onWithdrawal is what a withdrawal does, and onCancel a cancel of the run by itself.
	onWithdrawal func() error
	onCancel     func()
}

func (e *engine) ListWorkflow(_ context.Context, in *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	page := len(in.GetNextPageToken())
	out := &workflowservice.ListWorkflowExecutionsResponse{}
	if page < len(e.sites) {
		for _, id := range e.sites[page] {
			out.Executions = append(out.Executions, &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: id}})
		}
	}
	if page+1 < len(e.sites) {
		out.NextPageToken = make([]byte, page+1)
	}
	return out, nil
}

func (e *engine) QueryWorkflow(_ context.Context, id, _, _ string, _ ...any) (converter.EncodedValue, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return value{e.states[id]}, nil
}

func (e *engine) NewWithStartWorkflowOperation(client.StartWorkflowOptions, any, ...any) client.WithStartWorkflowOperation {
	return nil
}

func (e *engine) UpdateWithStartWorkflow(_ context.Context, in client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lost > 0 {
		e.lost--
		return nil, serviceerror.NewUnavailable("the engine restarts")
	}
	e.requests = append(e.requests, in.UpdateOptions.Args[0].(workflows.Request))
	return handle{}, e.refuses
}

func (e *engine) UpdateWorkflow(context.Context, client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return handle{}, e.onWithdrawal()
}

func (e *engine) CancelWorkflow(context.Context, string, string) error {
	e.onCancel()
	return nil
}

func (e *engine) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.begun {
		return nil, serviceerror.NewNotFound("no such run")
	}
	status := enums.WORKFLOW_EXECUTION_STATUS_RUNNING
	select {
	case <-e.end:
		status = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	default:
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: "run"}, Status: status,
	}}, nil
}

func (e *engine) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	return awaited{engine: e}
}

// awaited is the run, to wait for.
type awaited struct {
	client.WorkflowRun
	engine *engine
}

func (a awaited) Get(ctx context.Context, into any) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.engine.end:
		return value{a.engine.result}.Get(into)
	}
}

// handle is the answer to an update.
type handle struct{ client.WorkflowUpdateHandle }

func (handle) Get(context.Context, any) error { return nil }

// value travels as JSON, as payloads do.
type value struct{ v any }

func (v value) HasValue() bool { return true }

func (v value) Get(into any) error {
	text, err := json.Marshal(v.v)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
