package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

// rotation is the rotation of one secret on an engine.
type rotation struct {
	*cli
	session *session
	line    app.SecretLine
}

func (r rotation) id() string { return workflows.RotateSecretID(r.line) }

// title names the rotation in one line.
func (r rotation) title() string { return "rotate " + r.line.Name + " of " + r.line.Scope.Of }

// errRotates says that a rotation of the secret is under way already.
var errRotates = errors.New("a rotation of the secret is under way already")

// start asks the engine for the rotation. It fails with errRotates.
func (r rotation) start(ctx context.Context, input workflows.RotateSecretInput) (runID string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var attributes []temporal.SearchAttributeUpdate
	if project := projectOf(r.line.Scope); project != "" {
		attributes = append(attributes, temporal.NewSearchAttributeKeyKeyword(workflows.AttributeProject).ValueSet(project))
	}
	started, err := r.session.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       r.id(),
		TaskQueue:                                workflows.TaskQueue,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes:                    temporal.NewSearchAttributes(attributes...),
		StaticSummary:                            r.title(),
	}, workflows.RotateSecretName, input)
	if _, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return "", errRotates
	}
	if err != nil {
		return "", fmt.Errorf("start the rotation of %s on the engine: %w", r.line, err)
	}
	return started.GetRunID(), nil
}

// newest answers the run id of the newest rotation, which may have ended.
func (r rotation) newest(ctx context.Context) (string, error) {
	info, err := r.described(ctx)
	if err == nil && info == nil {
		err = fmt.Errorf("the engine knows no rotation of %s", r.line)
	}
	return info.GetExecution().GetRunId(), err
}

// running answers the run id of the rotation under way; empty where none is.
func (r rotation) running(ctx context.Context) (string, error) {
	info, err := r.described(ctx)
	if err != nil || info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return "", err
	}
	return info.GetExecution().GetRunId(), nil
}

// described is what the engine knows of the newest rotation; nil where it knows none.
func (r rotation) described(ctx context.Context) (*workflowpb.WorkflowExecutionInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := r.session.DescribeWorkflowExecution(ctx, r.id(), "")
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a rotation of %s: %w", r.line, err)
	}
	return answer.GetWorkflowExecutionInfo(), nil
}

// refused says that another rotation is under way.
func (r rotation) refused() error {
	result := app.RotationResult{
		Outcome: app.Refused, Secret: r.line,
		Failure: &app.Failure{
			Kind: app.KindSecret, Step: "rotate", Message: errRotates.Error(),
			Advice: "Follow it with  longshore secret watch " + r.handle() + "\nor have it go back with  longshore secret cancel " + r.handle(),
		},
	}
	if err := display.Rotation(r.Out, r.format, result, r.session.target.RunURL(r.id(), "")); err != nil {
		return err
	}
	return exit.Quiet(exit.Refused)
}

// handle is how commands name the rotation.
func (r rotation) handle() string { return r.line.Name + scopeFlag(r.line.Scope) }

// follow shows a rotation until it ends, and ends with the code of its outcome. An interrupt leaves the rotation alone.
func (r rotation) follow(ctx context.Context, runID string) error {
	shown := display.NewFollower(r.format, r.Out, r.title())
	defer shown.Close()
	url := r.session.target.RunURL(r.id(), runID)
	result, err := r.session.follower().Rotation(ctx, r.line, r.id(), runID, func(v run.View) {
		v.URL = url
		shown.Show(v)
	})
	shown.Close()
	if ctx.Err() != nil {
		r.say("")
		r.say("detached; the rotation goes on")
		r.sayHowToGoOn()
		return exit.Quiet(exit.Interrupted)
	}
	if err != nil {
		return err
	}
	if err := display.Rotation(r.Out, r.format, result, url); err != nil {
		return err
	}
	return exit.Quiet(exit.ForOutcome(result.Outcome))
}

func (r rotation) sayHowToGoOn() {
	r.say("watch it with   longshore secret watch %s", r.handle())
	r.say("cancel it with  longshore secret cancel %s", r.handle())
}

// detached tells of a rotation that was asked for and is not followed.
func (r rotation) detached(runID string) error {
	url := r.session.target.RunURL(r.id(), runID)
	if r.format == display.JSON {
		return display.Object(r.Out, map[string]any{"secret": r.line, "workflow_id": r.id(), "run_id": runID, "url": url})
	}
	r.say("asked for it: %s", r.title())
	if url != "" {
		r.say("web UI          %s", url)
	}
	r.sayHowToGoOn()
	return nil
}

// cancel asks the rotation under way to go back.
func (r rotation) cancel(ctx context.Context) error {
	runID, err := r.running(ctx)
	if err != nil {
		return err
	}
	if runID == "" {
		return fmt.Errorf("no rotation of %s is under way", r.line)
	}
	forward := false
	if state, err := r.session.follower().RotationState(ctx, r.id()); err == nil {
		forward = state.Forward // without a worker it is not known, and the rotation itself says so in the end
	}
	asked, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if err := r.session.CancelWorkflow(asked, r.id(), runID); err != nil {
		return fmt.Errorf("ask the rotation of %s to go back: %w", r.line, err)
	}
	if r.format == display.JSON {
		return display.Object(r.Out, map[string]any{"secret": r.line, "workflow_id": r.id(), "run_id": runID, "forward": forward})
	}
	if forward {
		r.say("the old version of %s is revoked already: the rotation goes forward to its end", r.line.Name)
	} else {
		r.say("asked the rotation of %s to stop and go back", r.line)
	}
	r.say("watch it with   longshore secret watch %s", r.handle())
	return nil
}

// watch follows the newest rotation.
func (r rotation) watch(ctx context.Context) error {
	runID, err := r.newest(ctx)
	if err != nil {
		return err
	}
	return r.follow(ctx, runID)
}

// status shows how far the rotation under way has come.
func (r rotation) status(ctx context.Context) error {
	running, err := r.running(ctx)
	if err != nil {
		return err
	}
	if running == "" {
		return r.none()
	}
	state, err := r.session.follower().RotationState(ctx, r.id())
	if err != nil {
		return fmt.Errorf("the rotation of %s is under way, and does not say how far it is: no worker answers (%w). Run longshore up -d, or start longshore-worker", r.line, err)
	}
	if err := display.RotationState(r.Out, r.format, r.line, state, time.Now()); err != nil {
		return err
	}
	if url := r.session.target.RunURL(r.id(), running); url != "" {
		r.say("web UI          %s", url)
	}
	r.sayHowToGoOn()
	return nil
}

// none says that nothing is under way, and which version is good.
func (r rotation) none() error {
	if r.format == display.JSON {
		return display.Object(r.Out, map[string]any{"secret": r.line, "phase": ""})
	}
	r.say("no rotation of %s is under way; longshore secret history %s tells which version is current", r.line, r.handle())
	return nil
}
