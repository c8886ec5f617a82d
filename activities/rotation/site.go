package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/site"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

const (
	// askWithin bounds one message to a site, which a worker has to answer.
	askWithin = 30 * time.Second
	// lookEvery is how often a request that waits for its turn is looked at, and what failed is tried again.
	lookEvery = time.Second
)

// RotateSite implements activities.RotateSite. The request's id leads every attempt to the same run.
func (a Activities) RotateSite(ctx context.Context, in activities.RotateSiteInput) (app.Result, error) {
	lasting, stop := outlast(ctx)
	defer stop()
	// Once it is sent it may be taken, so a cancel waits for the answer.
	refused, err := persist(ctx, lasting, func() (*app.Failure, error) { return a.request(lasting, in) })
	switch {
	case err != nil:
		return app.Result{}, err
	case refused != nil:
		return app.Result{Outcome: app.Refused, Kind: app.RunRotate, Site: in.Site.String(), Failure: refused}, nil
	}
	result, err := a.follow(ctx, in)
	if err == nil || !cancelRequested(ctx) {
		return result, err
	}
	// The rotation goes on only when it is known how the run has ended.
	if _, err := persist(ctx, lasting, func() (activities.Nothing, error) { return activities.Nothing{}, a.withdraw(lasting, in) }); err != nil {
		return app.Result{}, err
	}
	return persist(ctx, lasting, func() (app.Result, error) { return a.follow(lasting, in) })
}

// request asks the site's workflow for the run. It answers why the site refuses; nil where it does not.
func (a Activities) request(ctx context.Context, in activities.RotateSiteInput) (*app.Failure, error) {
	err := a.send(ctx, in)
	if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		f := activities.FailureOf(refused)
		return &f, nil
	}
	return nil, err
}

// send starts the site's workflow where there is none.

func (a Activities) send(ctx context.Context, in activities.RotateSiteInput) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	request := workflows.Request{
		ID: in.Request, Kind: app.RunRotate, BreakFreeze: in.BreakFreeze,
		Recorded: &workflows.RecordedInput{
			Site: in.Site, Hosts: in.Hosts, Approve: in.Approve, Secrets: in.Secrets, SecretScopes: in.Scopes,
			Order: workflows.Order{By: in.By, Why: in.Why},
		},
	}
	handle, err := a.Client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: a.Client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID:                       workflows.SiteID(in.Site),
			TaskQueue:                workflows.TaskQueue,
			WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
			WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			StaticSummary:            "site " + in.Site.String(),
		}, workflows.SiteName, workflows.SiteInput{Site: in.Site}),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID: in.Request, UpdateName: workflows.UpdateRequest, Args: []any{request}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	if err != nil {
		return fmt.Errorf("ask %s for a run: %w", in.Site, err)
	}
	return nil
}

// follow waits for the request's turn, and for the end of its run.
func (a Activities) follow(ctx context.Context, in activities.RotateSiteInput) (app.Result, error) {
	runs := site.Activities{Hosts: a.Hosts, Client: a.Client}
	run := workflows.RunID(in.Site, app.RunRotate, in.Request)
	for {
		begun, err := runs.Begun(ctx, run)
		switch {
		case err != nil:
			return app.Result{}, err
		case begun:
			return runs.Rejoin(ctx, activities.RejoinInput{WorkflowID: run, Site: in.Site})
		}
		state, err := a.state(ctx, in.Site, in.Request)
		if err != nil {
			return app.Result{}, err
		}
		for _, e := range state.Ended {
			if e.ID == in.Request {
				return endedResult(in, e), nil
			}
		}
		if !waits(state, in.Request) {
			// It has just begun, or the site has lost its history: either is met by looking once more, and by the next attempt.
			if begun, err = runs.Begun(ctx, run); err == nil && !begun {
				err = fmt.Errorf("the workflow of %s does not know the request %s any more", in.Site, in.Request)
			}
			if err != nil {
				return app.Result{}, err
			}
		}
		if err := pause(ctx); err != nil {
			return app.Result{}, err
		}
	}
}

// waits says whether a request is in the queue, or about to begin.
func waits(state workflows.SiteState, request string) bool {
	if state.Running != nil && state.Running.ID == request {
		return true
	}
	for _, w := range state.Queue {
		if w.ID == request {
			return true
		}
	}
	return false
}

// endedResult is the result of a request without a run: it left the queue before its turn, or the engine has forgotten the
// run.
func endedResult(in activities.RotateSiteInput, e workflows.EndedRun) app.Result {
	result := app.Result{Outcome: e.Outcome, Kind: app.RunRotate, Site: in.Site.String(), Release: e.Release, Previous: e.Previous, Returned: e.Returned}
	if e.Problem != "" {
		result.Failure = &app.Failure{Kind: app.KindInternal, Step: string(app.RunRotate), Message: e.Problem}
	}
	return result
}

// withdraw takes the request out of the queue, or asks its run to end. One that has ended needs neither.
func (a Activities) withdraw(ctx context.Context, in activities.RotateSiteInput) error {
	err := a.sendWithdrawal(ctx, in)
	_, refused := errors.AsType[*temporal.ApplicationError](err)
	_, missing := errors.AsType[*serviceerror.NotFound](err)
	if refused || missing {
		// The site does not know it: where it has a run all the same, that is asked directly.
		err = a.cancelRun(ctx, in)
	}
	if err != nil {
		return fmt.Errorf("withdraw the request %s of %s: %w", in.Request, in.Site, err)
	}
	return nil
}

func (a Activities) sendWithdrawal(ctx context.Context, in activities.RotateSiteInput) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	handle, err := a.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflows.SiteID(in.Site), UpdateName: workflows.UpdateWithdraw,
		Args: []any{workflows.Withdrawal{ID: in.Request, By: in.By}}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	return err
}

func (a Activities) cancelRun(ctx context.Context, in activities.RotateSiteInput) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	err := a.Client.CancelWorkflow(ctx, workflows.RunID(in.Site, app.RunRotate, in.Request), "")
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		return nil
	}
	return err
}
