package run

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

func TestRotation(t *testing.T) {
	line := app.SecretLine{Name: "TOKEN", Scope: app.SecretScope{Kind: app.ScopeProject, Of: "default/shop"}}
	own := app.RotationResult{Outcome: app.Succeeded, Secret: line, Old: "3", New: "4", Revoked: true}
	failed, cancelled := own, own
	failed.Outcome, failed.Failure = app.FailedClean, &app.Failure{Kind: app.KindUnhealthy, Message: "no answer"}
	cancelled.Outcome = app.Cancelled
	failing := func(h *history, e *historypb.HistoryEvent, details ...any) {
		err := temporal.NewNonRetryableApplicationError("no answer", app.KindUnhealthy, nil, details...)
		e.Attributes = &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{
			WorkflowExecutionFailedEventAttributes: &historypb.WorkflowExecutionFailedEventAttributes{Failure: h.fold.Failures.ErrorToFailure(err)},
		}
	}
	for name, test := range map[string]struct {
		event    enumspb.EventType
		fill     func(h *history, e *historypb.HistoryEvent)
		want     app.RotationResult
		says     string // in the failure of a run without a result
		replaced bool
	}{
		"done": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
			fill: func(h *history, e *historypb.HistoryEvent) {
				e.Attributes = &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{
					WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{Result: h.payloads(own)},
				}
			},
			want: own,
		},
		"failed with a result": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
			fill:  func(h *history, e *historypb.HistoryEvent) { failing(h, e, failed) },
			want:  failed,
		},
		"failed without one": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
			fill:  func(h *history, e *historypb.HistoryEvent) { failing(h, e) },
			says:  "no answer",
		},
		"cancelled with a result": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
			fill: func(h *history, e *historypb.HistoryEvent) {
				e.Attributes = &historypb.HistoryEvent_WorkflowExecutionCanceledEventAttributes{
					WorkflowExecutionCanceledEventAttributes: &historypb.WorkflowExecutionCanceledEventAttributes{Details: h.payloads(cancelled)},
				}
			},
			want: cancelled,
		},
		"cancelled before it began": {event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, want: app.RotationResult{Outcome: app.Cancelled, Secret: line}},
		"terminated":                {event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, says: "terminated", replaced: true},
		"continued":                 {event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, says: "continued", replaced: true},
		"timed out":                 {event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT, says: "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			e := h.add(test.event)
			if test.fill != nil {
				test.fill(h, e)
			}
			got, err := h.fold.Rotation(line, e)
			if errors.Is(err, ErrReplaced) != test.replaced || err != nil && !test.replaced {
				t.Fatalf("got the error %v", err)
			}
			if test.says == "" {
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
				return
			}
			if got.Outcome != app.FailedDirty || got.Failure == nil || !strings.Contains(got.Failure.Message, test.says) || got.Secret != line {
				t.Errorf("got %+v, want a failure with %q", got, test.says)
			}
		})
	}
}

// The phase comes from elsewhere than the steps: neither takes the other away, and what comes late changes nothing.
func TestPhaseAndStepsAreOneView(t *testing.T) {
	var shown []View
	p := phased{show: func(v View) { shown = append(shown, v) }}
	p.state(workflows.RotationState{Phase: app.PhaseFind})
	if len(shown) != 0 {
		t.Error("a rotation is shown before it has begun")
	}
	began := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	p.view(View{Started: began})
	p.state(workflows.RotationState{Phase: app.PhaseRoll})
	p.view(View{Started: began, Steps: []Step{{ID: "1"}}})
	if last := shown[len(shown)-1]; last.Rotation == nil || last.Rotation.Phase != app.PhaseRoll || len(last.Steps) != 1 {
		t.Errorf("the last view is %+v, want the phase and the step", last)
	}
	p.view(View{Started: began, Ended: began})
	before := len(shown)
	p.state(workflows.RotationState{Phase: app.PhaseFinish})
	if len(shown) != before {
		t.Error("a rotation that has ended is shown again")
	}
}
