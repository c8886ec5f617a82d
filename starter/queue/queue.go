// Package queue speaks with the workflow that owns a site: it asks for runs and waits for their turn, withdraws them,
// freezes the site, and reads what is under way. It outlasts restarts of the engine and of the worker. It must not know
// how anything is shown, nor what a run does.
package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// ErrNone says that the engine knows nothing of the site: nothing has run there, or its history is lost.
var ErrNone = errors.New("the engine knows no run")

// ErrNoWorker says that no worker has answered. What was asked for may still be taken once one comes.
var ErrNoWorker = errors.New("no worker answers: run longshore up -d, or start longshore-worker where the engine is not the embedded one")

// errUnreadable says that the site has answered, and that asking again does not help.
var errUnreadable = errors.New("cannot read the state")

// Refusal is a no of the site or of one of its runs, with what to do.
type Refusal struct{ Failure app.Failure }

func (r *Refusal) Error() string { return r.Failure.Message }

// Queue is one site's, on one engine. It is safe for concurrent use.
type Queue struct {
	Client client.Client
	Site   app.Site
}

// State reads what the site's workflow knows; how the request named, which may be empty, has ended is among it, however
// long ago that was. It fails with ErrNone, and with ErrNoWorker where there is no answer within seconds.
func (q Queue) State(ctx context.Context, request string) (workflows.SiteState, error) {
	var state workflows.SiteState
	asked, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	answer, err := q.Client.QueryWorkflow(asked, workflows.SiteID(q.Site), "", workflows.QueryState, workflows.StateQuery{Request: request})
	if err != nil {
		return state, q.explain(ctx, asked, err)
	}
	if err := answer.Get(&state); err != nil {
		return state, fmt.Errorf("%w of %s: %w", errUnreadable, q.Site, err)
	}
	return state, nil
}

// Withdraw takes a request back: one that waits leaves the queue, one under way is cancelled.
func (q Queue) Withdraw(ctx context.Context, w workflows.Withdrawal) (workflows.Withdrawn, error) {
	var withdrawn workflows.Withdrawn
	err := q.ask(ctx, question{workflow: workflows.SiteID(q.Site), name: workflows.UpdateWithdraw, input: w}, &withdrawn)
	return withdrawn, err
}

// Decide answers what a run waits for a person to decide: yes or no.
func (q Queue) Decide(ctx context.Context, workflowID string, yes bool, d workflows.Decision) error {
	name := workflows.UpdateReject
	if yes {
		name = workflows.UpdateApprove
	}
	return q.ask(ctx, question{workflow: workflowID, name: name, input: d}, nil)
}

// question is an update of a workflow that runs already.
type question struct {
	workflow string
	name     string
	input    any
}

// ask sends an update and waits for its answer, which out may be nil for.
func (q Queue) ask(ctx context.Context, question question, out any) error {
	asked, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	handle, err := q.Client.UpdateWorkflow(asked, client.UpdateWorkflowOptions{
		WorkflowID: question.workflow, UpdateName: question.name, Args: []any{question.input},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(asked, out)
	}
	return q.explain(ctx, asked, err)
}

// The clock of questions: each waits for a worker.
const (
	stateTimeout = 5 * time.Second
	askTimeout   = 15 * time.Second
)

// explain tells a refusal, an unknown workflow and a missing worker from other errors.
func (q Queue) explain(ctx, asked context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if refusal := refusalOf(err); refusal != nil {
		return refusal
	}
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return fmt.Errorf("%w of %s", ErrNone, q.Site)
	}
	// The engine may end a call that has no answer a moment before the deadline does.
	if _, late := errors.AsType[*client.WorkflowUpdateServiceTimeoutOrCanceledError](err); late || asked.Err() != nil {
		return ErrNoWorker
	}
	return fmt.Errorf("ask the workflow of %s: %w", q.Site, err)
}

// refusalOf reads a refusal from an update's error; nil where it is another error.
func refusalOf(err error) *Refusal {
	refused, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		return nil
	}
	failure := app.Failure{Kind: refused.Type(), Message: refused.Message()}
	var detail app.Failure
	if refused.HasDetails() && refused.Details(&detail) == nil && detail.Message != "" {
		failure = detail
	}
	return &Refusal{failure}
}
