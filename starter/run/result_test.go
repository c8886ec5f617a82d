package run

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestResult(t *testing.T) {
	site := app.Site{Org: "default", Project: "shop", Name: "production"}
	own := func(o app.Outcome) app.Result {
		return app.Result{Outcome: o, Site: site.String(), Release: "2-abc", Hosts: []app.HostResult{{Host: "web-1"}}}
	}
	failed := func(err error) func(h *history, e *historypb.HistoryEvent) {
		return func(h *history, e *historypb.HistoryEvent) {
			e.Attributes = &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{
				WorkflowExecutionFailedEventAttributes: &historypb.WorkflowExecutionFailedEventAttributes{Failure: h.fold.Failures.ErrorToFailure(err)},
			}
		}
	}
	tests := map[string]struct {
		event    enumspb.EventType
		fill     func(h *history, e *historypb.HistoryEvent)
		want     app.Result // its Failure's message need only be contained
		replaced bool
	}{
		"succeeded": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
			fill: func(h *history, e *historypb.HistoryEvent) {
				e.Attributes = &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{
					WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{Result: h.payloads(own(app.Succeeded))},
				}
			},
			want: own(app.Succeeded),
		},
		"failed with a result": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
			fill:  failed(temporal.NewNonRetryableApplicationError("unhealthy", string(app.FailedClean), nil, own(app.FailedClean))),
			want:  own(app.FailedClean),
		},
		"failed without one": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
			fill:  failed(temporal.NewNonRetryableApplicationError("no such activity", "", nil)),
			want:  app.Result{Outcome: app.FailedDirty, Failure: &app.Failure{Message: "no such activity"}},
		},
		"cancelled with a result": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
			fill: func(h *history, e *historypb.HistoryEvent) {
				e.Attributes = &historypb.HistoryEvent_WorkflowExecutionCanceledEventAttributes{
					WorkflowExecutionCanceledEventAttributes: &historypb.WorkflowExecutionCanceledEventAttributes{Details: h.payloads(own(app.Cancelled))},
				}
			},
			want: own(app.Cancelled),
		},
		"cancelled before it began": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
			want:  app.Result{Outcome: app.Cancelled, Site: site.String()},
		},
		"terminated": {
			event:    enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
			want:     app.Result{Outcome: app.FailedDirty, Failure: &app.Failure{Message: "terminated"}},
			replaced: true,
		},
		"timed out": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
			want:  app.Result{Outcome: app.FailedDirty, Failure: &app.Failure{Message: "longer than the engine allows"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			e := h.add(test.event)
			if test.fill != nil {
				test.fill(h, e)
			}
			got, err := h.fold.Result(site, e)
			if errors.Is(err, ErrReplaced) != test.replaced || err != nil && !test.replaced {
				t.Fatalf("got the error %v", err)
			}
			if test.want.Failure == nil {
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("result (-want +got):\n%s", diff)
				}
				return
			}
			if got.Outcome != test.want.Outcome || !strings.Contains(got.Failure.Message, test.want.Failure.Message) || got.Failure.Advice == "" {
				t.Errorf("got %+v with %+v", got, got.Failure)
			}
		})
	}
}

func TestResultOfAnotherKeyRing(t *testing.T) {
	h, other := newHistory(t), newHistory(t)
	e := h.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	e.Attributes = &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{
		WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{Result: h.payloads(app.Result{})},
	}
	if _, err := other.fold.Result(app.Site{}, e); err == nil || !strings.Contains(err.Error(), "copy the key ring") {
		t.Errorf("got %v, want what to do", err)
	}
}
