package run

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// phaseEvery is how often a rotation is asked for its phase.
const phaseEvery = time.Second

// Rotation is Follow for the rotation of a secret: its views have the phase as well, as soon as a worker tells it.
func (f Follower) Rotation(ctx context.Context, line app.SecretLine, id, runID string, show func(View)) (app.RotationResult, error) {
	shown := phased{show: show}
	asking, stop := context.WithCancel(ctx)
	var asked sync.WaitGroup
	asked.Go(func() {
		for {
			if state, err := f.RotationState(asking, id); err == nil {
				shown.state(state)
			}
			if Pause(asking, phaseEvery) != nil {
				return
			}
		}
	})
	defer asked.Wait()
	defer stop()
	return follow(ctx, f, id, runID, shown.view, func(view View, last *historypb.HistoryEvent) (app.RotationResult, error) {
		result, err := f.Fold.Rotation(line, last)
		if result.DurationMS == 0 {
			result.DurationMS = view.Elapsed(view.Ended).Milliseconds()
		}
		return result, err
	})
}

// RotationState asks the newest rotation of a workflow id how far it has come, which takes a worker.
func (f Follower) RotationState(ctx context.Context, id string) (workflows.RotationState, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	var state workflows.RotationState
	answer, err := f.Client.QueryWorkflow(ctx, id, "", workflows.QueryRotation)
	if err != nil {
		return state, err
	}
	return state, answer.Get(&state)
}

// phased puts the two things that are known of a rotation into one view, and shows one at a time.
type phased struct {
	mu     sync.Mutex
	show   func(View)
	newest View
}

func (p *phased) view(v View) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v.Rotation = p.newest.Rotation
	p.newest = v
	p.show(v)
}

// state leaves a rotation that has ended as it was: what it came to is in its result.
func (p *phased) state(s workflows.RotationState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest.Started.IsZero() || !p.newest.Ended.IsZero() {
		return
	}
	p.newest.Rotation = &s
	p.show(p.newest)
}

// Rotation reads how a rotation ended from its last event. It fails with ErrReplaced where another run may carry on. One
// that ended without a result of its own gets one that says so.
func (f Fold) Rotation(line app.SecretLine, last *historypb.HistoryEvent) (app.RotationResult, error) {
	broken := func(message string) app.RotationResult {
		return app.RotationResult{Outcome: app.FailedDirty, Secret: line, Failure: &app.Failure{
			Kind: app.KindInternal, Step: "rotate", Message: message,
			Advice: "longshore secret history " + line.Name + " tells which version is current. Rotate again: a version that was left pending is revoked first.",
		}}
	}
	read := func(payloads *commonpb.Payloads) (app.RotationResult, error) {
		var result app.RotationResult
		if err := f.Data.FromPayloads(payloads, &result); err != nil {
			return result, fmt.Errorf("read the rotation's result: %w", err)
		}
		return result, nil
	}
	switch last.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		return read(last.GetWorkflowExecutionCompletedEventAttributes().GetResult())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		err := f.Failures.FailureToError(last.GetWorkflowExecutionFailedEventAttributes().GetFailure())
		var result app.RotationResult
		application, ok := errors.AsType[*temporal.ApplicationError](err)
		if ok && application.HasDetails() && application.Details(&result) == nil && result.Outcome != "" {
			return result, nil
		}
		return broken("the workflow itself failed: " + err.Error()), nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
		if details := last.GetWorkflowExecutionCanceledEventAttributes().GetDetails(); len(details.GetPayloads()) > 0 {
			return read(details)
		}
		return app.RotationResult{Outcome: app.Cancelled, Secret: line}, nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		return broken("the rotation was terminated, so that nothing could be undone"), ErrReplaced
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
		return broken("the rotation was continued as another"), ErrReplaced
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return broken("the rotation took longer than the engine allows, and could not undo what it had done"), nil
	}
	return app.RotationResult{}, fmt.Errorf("read the rotation's result: it ended with %s, which is not known", last.GetEventType())
}
