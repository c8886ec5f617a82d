package site

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// callWithin bounds one question to the engine.
const callWithin = 10 * time.Second

// OpenRuns implements activities.OpenRuns. The engine's list may be a moment old: each run is asked for by itself.
func (a Activities) OpenRuns(ctx context.Context, in activities.OpenRunsInput) ([]string, error) {
	listed, err := a.list(ctx, in.Site)
	if err != nil {
		return nil, fmt.Errorf("list the runs of %s: %w", in.Site, err)
	}
	var ended []string
	var open []*workflow.WorkflowExecutionInfo
	for _, id := range slices.Compact(slices.Sorted(slices.Values(append(listed, in.Doubtful...)))) {
		newest, err := a.newest(ctx, id)
		if err != nil {
			return nil, err
		}
		switch {
		case newest.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
			open = append(open, newest)
		case newest != nil && slices.Contains(in.Doubtful, id):
			ended = append(ended, id)
		}
	}
	slices.SortFunc(open, func(a, b *workflow.WorkflowExecutionInfo) int {
		return a.GetStartTime().AsTime().Compare(b.GetStartTime().AsTime())
	})
	for _, e := range open {
		ended = append(ended, e.GetExecution().GetWorkflowId())
	}
	return ended, nil
}

// list answers the workflow ids of the runs that the engine lists as running.
func (a Activities) list(ctx context.Context, site app.Site) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	var kinds []string
	for _, k := range app.RunKinds() {
		kinds = append(kinds, "'"+string(k)+"'")
	}
	answer, err := a.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: activities.MaxOpenRuns,
		Query: fmt.Sprintf("%s = '%s' AND ExecutionStatus = 'Running' AND WorkflowType IN (%s)",
			workflows.AttributeSite, strings.ReplaceAll(site.String(), "'", ""), strings.Join(kinds, ", ")),
	})
	var ids []string
	for _, e := range answer.GetExecutions() {
		ids = append(ids, e.GetExecution().GetWorkflowId())
	}
	return ids, err
}

// Begun says whether the engine has a run of a workflow id, ended or not.
func (a Activities) Begun(ctx context.Context, workflowID string) (bool, error) {
	run, err := a.newest(ctx, workflowID)
	return run != nil, err
}

// newest describes the newest run of a workflow id; nil where the engine has none.
func (a Activities) newest(ctx context.Context, workflowID string) (*workflow.WorkflowExecutionInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	answer, err := a.Client.DescribeWorkflowExecution(ctx, workflowID, "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at the run %s: %w", workflowID, err)
	}
	return answer.GetWorkflowExecutionInfo(), nil
}

// Rejoin implements activities.Rejoin. A reset ends a run and begins another of the same workflow id, so that a run which
// has ended is the last only where the engine has no newer one.
func (a Activities) Rejoin(ctx context.Context, in activities.RejoinInput) (app.Result, error) {
	run, err := a.newest(ctx, in.WorkflowID)
	for err == nil && run != nil {
		awaited := run.GetExecution().GetRunId()
		var result app.Result
		ended := a.Client.GetWorkflow(ctx, in.WorkflowID, awaited).Get(ctx, &result)
		if err := ctx.Err(); err != nil {
			return app.Result{}, err
		}
		if run, err = a.newest(ctx, in.WorkflowID); run.GetExecution().GetRunId() != awaited {
			continue
		}
		if run.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return app.Result{}, fmt.Errorf("wait for the run %s: %w", in.WorkflowID, ended)
		}
		return resultOf(in, result, ended), nil
	}
	if err != nil {
		return app.Result{}, err
	}
	return activities.Broken(in.Site.String(), "the engine has forgotten the run "+in.WorkflowID), nil
}

// resultOf is the result of a run that has ended, from its answer or its error.
func resultOf(in activities.RejoinInput, answer app.Result, err error) app.Result {
	switch {
	case err == nil && answer.Outcome != "":
		return answer
	case err == nil:
		return activities.Broken(in.Site.String(), "the run has ended without a result")
	default:
		return activities.ResultOf(in.Site.String(), err)
	}
}
