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

func TestReport(t *testing.T) {
	own := app.BootstrapReport{Host: "web-1", System: "Debian 12", Items: []app.Item{{Name: "docker", Changed: true}}}
	failed := own
	failed.Failure = &app.Failure{Kind: app.KindPackages, Message: "no room"}
	tests := map[string]struct {
		event    enumspb.EventType
		fill     func(h *history, e *historypb.HistoryEvent)
		want     app.BootstrapReport
		says     string // in the failure of a run without a report
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
		"failed with a report": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
			fill: func(h *history, e *historypb.HistoryEvent) {
				err := temporal.NewNonRetryableApplicationError("no room", app.KindPackages, nil, failed)
				e.Attributes = &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{
					WorkflowExecutionFailedEventAttributes: &historypb.WorkflowExecutionFailedEventAttributes{Failure: h.fold.Failures.ErrorToFailure(err)},
				}
			},
			want: failed,
		},
		"failed without one": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
			fill: func(h *history, e *historypb.HistoryEvent) {
				err := temporal.NewNonRetryableApplicationError("no such workflow", "", nil)
				e.Attributes = &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{
					WorkflowExecutionFailedEventAttributes: &historypb.WorkflowExecutionFailedEventAttributes{Failure: h.fold.Failures.ErrorToFailure(err)},
				}
			},
			says: "no such workflow",
		},
		"cancelled with a report": {
			event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
			fill: func(h *history, e *historypb.HistoryEvent) {
				e.Attributes = &historypb.HistoryEvent_WorkflowExecutionCanceledEventAttributes{
					WorkflowExecutionCanceledEventAttributes: &historypb.WorkflowExecutionCanceledEventAttributes{Details: h.payloads(failed)},
				}
			},
			want: failed,
		},
		"cancelled before it began": {event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, says: "cancelled"},
		"terminated":                {event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, says: "terminated", replaced: true},
		"timed out":                 {event: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT, says: "longer than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			e := h.add(test.event)
			if test.fill != nil {
				test.fill(h, e)
			}
			got, err := h.fold.Report("web-1", e)
			if errors.Is(err, ErrReplaced) != test.replaced || err != nil && !test.replaced {
				t.Fatalf("got the error %v", err)
			}
			if test.says == "" {
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("report (-want +got):\n%s", diff)
				}
				return
			}
			if got.Host != "web-1" || got.Failure == nil || !strings.Contains(got.Failure.Message, test.says) || got.Failure.Advice == "" {
				t.Errorf("got %+v with %+v", got, got.Failure)
			}
		})
	}
}
