package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

// The clock of a request. The first attempt is short, so that a person soon hears what is missing.
const (
	firstAttempt = 2 * time.Second
	nextAttempt  = 10 * time.Second
	retryEvery   = 250 * time.Millisecond
)

// Request asks the site for a run, and starts the site's workflow where there is none. waiting is told, with what View
// has room for, when the engine or a worker is missing. Repeated with the same id it asks for nothing new, so it goes on
// asking through restarts, for minutes. It fails with a *Refusal, with ErrNoWorker and with run.ErrEngineLost.
func (q Queue) Request(ctx context.Context, r workflows.Request, waiting func(string)) (workflows.Accepted, error) {
	var accepted workflows.Accepted
	err := q.persist(ctx, update{id: r.ID, name: workflows.UpdateRequest, input: r}, &accepted, waiting)
	return accepted, err
}

// Freeze refuses the site's runs from now on, and Thaw lets them go again. Like Request they start the site's workflow
// where there is none, and go on asking. They answer which hosts could not be told.
func (q Queue) Freeze(ctx context.Context, f workflows.FreezeInput, waiting func(string)) (workflows.Kept, error) {
	var kept workflows.Kept
	err := q.persist(ctx, update{id: rand.Text(), name: workflows.UpdateFreeze, input: f}, &kept, waiting)
	return kept, err
}

// Thaw ends a freeze.
func (q Queue) Thaw(ctx context.Context, t workflows.ThawInput, waiting func(string)) (workflows.Kept, error) {
	var kept workflows.Kept
	err := q.persist(ctx, update{id: rand.Text(), name: workflows.UpdateThaw, input: t}, &kept, waiting)
	return kept, err
}

// update is a message to the site's workflow. Sent again with the same id, it is the same message.
type update struct {
	id    string
	name  string
	input any
}

// persist sends an update until it is answered.
func (q Queue) persist(ctx context.Context, u update, out any, waiting func(string)) error {
	began, bound := time.Now(), firstAttempt
	for {
		attempt, cancel := context.WithTimeout(ctx, bound)
		err := q.send(attempt, u, out)
		timedOut := attempt.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if refusal := refusalOf(err); refusal != nil {
			return refusal
		}
		if !timedOut && !run.Passing(err) {
			return fmt.Errorf("ask the workflow of %s: %w", q.Site, err)
		}
		missing := q.missing(ctx)
		if waiting != nil {
			waiting(missing)
		}
		if time.Since(began) > run.GiveUpAfter {
			if missing == run.WaitingForWorker {
				return ErrNoWorker
			}
			return run.ErrEngineLost
		}
		if err := run.Pause(ctx, retryEvery); err != nil {
			return err
		}
		bound = nextAttempt
	}
}

func (q Queue) send(ctx context.Context, u update, out any) error {
	handle, err := q.Client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: q.Client.NewWithStartWorkflowOperation(q.startOptions(), workflows.SiteName, workflows.SiteInput{Site: q.Site}),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID: u.id, UpdateName: u.name, Args: []any{u.input}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, out)
}

// startOptions are what the engine and its web UI are told of a site's workflow.
func (q Queue) startOptions() client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       workflows.SiteID(q.Site),
		TaskQueue:                workflows.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "site " + q.Site.String(),
	}
}

// missing says why nothing answers.
func (q Queue) missing(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, firstAttempt)
	defer cancel()
	if _, err := q.Client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return run.WaitingForEngine
	}
	return run.WaitingForWorker
}
