package queue

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

func site() app.Site { return app.Site{Org: "default", Project: "shop", Name: "production"} }

// fake is the part of an engine that a queue speaks with. What is not set is never asked.
type fake struct {
	client.Client
	update func(ctx context.Context, id, name string, arg any) (any, error)
	state  func(workflows.StateQuery) (workflows.SiteState, error)
	// begun is the run of a request; empty for one that has not begun.
	begun func(request string) string
	// down is what everything but updates fails with, by now; nil for an engine that is up.
	down func() error
}

// isDown is how the engine is now.
func (f *fake) isDown() error {
	if f.down == nil {
		return nil
	}
	return f.down()
}

func (f *fake) NewWithStartWorkflowOperation(client.StartWorkflowOptions, any, ...any) client.WithStartWorkflowOperation {
	return nil
}

func (f *fake) UpdateWithStartWorkflow(ctx context.Context, o client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	answer, err := f.update(ctx, o.UpdateOptions.UpdateID, o.UpdateOptions.UpdateName, o.UpdateOptions.Args[0])
	return handle{answer: answer}, err
}

func (f *fake) UpdateWorkflow(ctx context.Context, o client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	answer, err := f.update(ctx, o.UpdateID, o.UpdateName, o.Args[0])
	return handle{answer: answer}, err
}

func (f *fake) CheckHealth(context.Context, *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	return &client.CheckHealthResponse{}, f.isDown()
}

func (f *fake) QueryWorkflow(_ context.Context, _, _, _ string, args ...any) (converter.EncodedValue, error) {
	if err := f.isDown(); err != nil {
		return nil, err
	}
	state, err := f.state(args[0].(workflows.StateQuery))
	return value{state}, err
}

func (f *fake) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if err := f.isDown(); err != nil {
		return nil, err
	}
	run := ""
	if f.begun != nil {
		run = f.begun(strings.TrimPrefix(id, workflows.RunID(site(), app.RunDeploy, "")))
	}
	if run == "" {
		return nil, serviceerror.NewNotFound("no such run")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: run},
	}}, nil
}

// handle is an update's answer.
type handle struct {
	client.WorkflowUpdateHandle
	answer any
}

func (h handle) Get(_ context.Context, into any) error { return value{h.answer}.Get(into) }

// value travels as JSON, as payloads do.
type value struct{ v any }

func (v value) HasValue() bool { return v.v != nil }

func (v value) Get(into any) error {
	if into == nil {
		return nil
	}
	text, err := json.Marshal(v.v)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func waiting(id string) workflows.Waiting {
	return workflows.Waiting{
		ID: id, Kind: app.RunDeploy, WorkflowID: workflows.RunID(site(), app.RunDeploy, id), By: "ann", Source: "src" + id, At: time.Unix(1, 0),
	}
}

// within fails a test that takes longer than it may, by the clock of its bubble.
func within(t *testing.T, d time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took > d {
		t.Errorf("it took %s, more than %s", took, d)
	}
}
