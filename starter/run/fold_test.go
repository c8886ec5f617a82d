package run

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/codec"
	"github.com/longshore-dev/longshore/internal/keyring"
)

// start is the first event's time; at gives those after it.
func start() time.Time { return time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC) }

func at(seconds int) time.Time { return start().Add(time.Duration(seconds) * time.Second) }

// history makes events, each a second after the one before.
type history struct {
	t      *testing.T
	fold   Fold
	events []*historypb.HistoryEvent
}

func newHistory(t *testing.T) *history {
	t.Helper()
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	data, failures := codec.Converters(ring)
	h := &history{t: t, fold: Fold{Data: data, Failures: failures}}
	h.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
	return h
}

func (h *history) add(kind enumspb.EventType) *historypb.HistoryEvent {
	e := &historypb.HistoryEvent{EventId: int64(len(h.events) + 1), EventType: kind, EventTime: timestamppb.New(at(len(h.events)))}
	h.events = append(h.events, e)
	return e
}

func (h *history) payload(v any) *commonpb.Payload {
	h.t.Helper()
	p, err := h.fold.Data.ToPayload(v)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *history) payloads(v any) *commonpb.Payloads {
	return &commonpb.Payloads{Payloads: []*commonpb.Payload{h.payload(v)}}
}

// scheduled adds an activity and returns the event's id.
func (h *history) scheduled(id, summary string) int64 {
	e := h.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
	e.UserMetadata = &sdkpb.UserMetadata{Summary: h.payload(summary)}
	e.Attributes = &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
		ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
			ActivityId: id, ActivityType: &commonpb.ActivityType{Name: "transfer"},
		},
	}
	return e.EventId
}

func (h *history) started(scheduled int64, attempt int32, last error) {
	a := &historypb.ActivityTaskStartedEventAttributes{ScheduledEventId: scheduled, Attempt: attempt}
	if last != nil {
		a.LastFailure = h.fold.Failures.ErrorToFailure(last)
	}
	h.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED).Attributes = &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{ActivityTaskStartedEventAttributes: a}
}

func (h *history) completed(scheduled int64) {
	h.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED).Attributes = &historypb.HistoryEvent_ActivityTaskCompletedEventAttributes{
		ActivityTaskCompletedEventAttributes: &historypb.ActivityTaskCompletedEventAttributes{ScheduledEventId: scheduled},
	}
}

func (h *history) view() View {
	var v View
	for _, e := range h.events {
		v = h.fold.Event(v, e)
	}
	return v
}

func TestFoldOfEvents(t *testing.T) {
	unhealthy := temporal.NewNonRetryableApplicationError("web is not healthy", "unhealthy", nil)
	step := func(s Step) Step {
		s.ID, s.Name, s.Scheduled = "5", "transfer", at(1)
		if s.Text == "" {
			s.Host, s.Text = "web-1", "transfer web"
		}
		return s
	}
	tests := map[string]struct {
		more func(h *history, scheduled int64)
		want View
	}{
		"scheduled": {
			more: func(*history, int64) {},
			want: View{Steps: []Step{step(Step{State: Queued})}},
		},
		"done": {
			more: func(h *history, s int64) { h.started(s, 1, nil); h.completed(s) },
			want: View{Steps: []Step{step(Step{State: Done, Attempt: 1, Ended: at(3)})}},
		},
		"done at the second attempt keeps the first one's problem": {
			more: func(h *history, s int64) { h.started(s, 2, errors.New("cut")); h.completed(s) },
			want: View{Steps: []Step{step(Step{State: Done, Attempt: 2, Ended: at(3), Problem: "cut"})}},
		},
		"failed": {
			more: func(h *history, s int64) {
				h.started(s, 1, nil)
				h.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED).Attributes = &historypb.HistoryEvent_ActivityTaskFailedEventAttributes{
					ActivityTaskFailedEventAttributes: &historypb.ActivityTaskFailedEventAttributes{ScheduledEventId: s, Failure: h.fold.Failures.ErrorToFailure(unhealthy)},
				}
			},
			want: View{Steps: []Step{step(Step{State: Failed, Attempt: 1, Ended: at(3), Problem: "web is not healthy"})}},
		},
		"timed out without a heartbeat": {
			more: func(h *history, s int64) {
				lost := temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_HEARTBEAT, nil)
				h.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT).Attributes = &historypb.HistoryEvent_ActivityTaskTimedOutEventAttributes{
					ActivityTaskTimedOutEventAttributes: &historypb.ActivityTaskTimedOutEventAttributes{ScheduledEventId: s, Failure: h.fold.Failures.ErrorToFailure(lost)},
				}
			},
			want: View{Steps: []Step{step(Step{State: Failed, Ended: at(2), Problem: "the worker was lost"})}},
		},
		"cancelled": {
			more: func(h *history, s int64) {
				h.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
				h.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED).Attributes = &historypb.HistoryEvent_ActivityTaskCanceledEventAttributes{
					ActivityTaskCanceledEventAttributes: &historypb.ActivityTaskCanceledEventAttributes{ScheduledEventId: s},
				}
				h.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED)
			},
			want: View{Cancelled: true, Ended: at(4), Steps: []Step{step(Step{State: Cancelled, Ended: at(3)})}},
		},
		"an end of a step that is not known changes nothing": {
			more: func(h *history, _ int64) { h.completed(99) },
			want: View{Steps: []Step{step(Step{State: Queued})}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			test.more(h, h.scheduled("5", activities.Summary("web-1", "transfer web")))
			test.want.Started = start()
			v := h.view()
			if diff := cmp.Diff(test.want, v, cmpopts.IgnoreUnexported(View{})); diff != "" {
				t.Errorf("view (-want +got):\n%s", diff)
			}
			for _, e := range h.events {
				if diff := cmp.Diff(v, h.fold.Event(v, e), cmpopts.IgnoreUnexported(View{})); diff != "" {
					t.Errorf("reading event %d again changes the view:\n%s", e.EventId, diff)
				}
			}
		})
	}
}

func TestFoldLeavesTheOldViewAlone(t *testing.T) {
	h := newHistory(t)
	scheduled := h.scheduled("5", "build")
	before := h.view()
	h.completed(scheduled)
	h.scheduled("6", "switch")
	after := h.view()
	pending := h.fold.Pending(before, at(9), nil, []*workflowpb.PendingActivityInfo{{ActivityId: "5", Attempt: 3, State: enumspb.PENDING_ACTIVITY_STATE_STARTED}})
	if len(before.Steps) != 1 || before.Steps[0].State != Queued || before.Steps[0].Attempt != 0 {
		t.Errorf("a later fold changed an earlier view: %+v", before.Steps)
	}
	if len(after.Steps) != 2 || pending.Steps[0].Attempt != 3 {
		t.Errorf("got %+v and %+v", after.Steps, pending.Steps)
	}
}

func TestFoldNamesAStepThatItCannotRead(t *testing.T) {
	h := newHistory(t)
	h.scheduled("5", "build")
	other := newHistory(t)
	h.fold = other.fold
	if v := h.view(); v.Steps[0].Text != "transfer" {
		t.Errorf("got %q, want the activity's name", v.Steps[0].Text)
	}
}

func TestFoldOfWhatIsPending(t *testing.T) {
	tests := map[string]struct {
		now     time.Time
		task    *workflowpb.PendingWorkflowTaskInfo
		info    func(h *history) *workflowpb.PendingActivityInfo
		waiting string
		want    Step
	}{
		"running with a heartbeat": {
			now: at(2),
			info: func(h *history) *workflowpb.PendingActivityInfo {
				return &workflowpb.PendingActivityInfo{
					Attempt: 1, State: enumspb.PENDING_ACTIVITY_STATE_STARTED,
					HeartbeatDetails: h.payloads(activities.Beat{Done: 4, Total: 8, Unit: "bytes"}),
				}
			},
			want: Step{State: Running, Attempt: 1, Beat: activities.Beat{Done: 4, Total: 8, Unit: "bytes"}},
		},
		"waiting for its next attempt": {
			now: at(2),
			info: func(h *history) *workflowpb.PendingActivityInfo {
				return &workflowpb.PendingActivityInfo{
					Attempt: 2, State: enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, ScheduledTime: timestamppb.New(at(6)),
					LastFailure: h.fold.Failures.ErrorToFailure(errors.New("cut")),
				}
			},
			want: Step{State: Queued, Attempt: 2, Problem: "cut"},
		},
		"just scheduled": {
			now: at(2),
			info: func(*history) *workflowpb.PendingActivityInfo {
				return &workflowpb.PendingActivityInfo{Attempt: 1, State: enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, ScheduledTime: timestamppb.New(at(1))}
			},
			want: Step{State: Queued, Attempt: 1},
		},
		"no worker takes it": {
			now: at(9),
			info: func(*history) *workflowpb.PendingActivityInfo {
				return &workflowpb.PendingActivityInfo{Attempt: 1, State: enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, ScheduledTime: timestamppb.New(at(1))}
			},
			waiting: WaitingForWorker,
			want:    Step{State: Queued, Attempt: 1},
		},
		"no worker takes the workflow's own task": {
			now:     at(9),
			task:    &workflowpb.PendingWorkflowTaskInfo{State: enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED, OriginalScheduledTime: timestamppb.New(at(1))},
			waiting: WaitingForWorker,
			want:    Step{State: Queued},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			h.scheduled("5", "build")
			var pending []*workflowpb.PendingActivityInfo
			if test.info != nil {
				info := test.info(h)
				info.ActivityId = "5"
				pending = append(pending, info, &workflowpb.PendingActivityInfo{ActivityId: "not known yet"})
			}
			v := h.view()
			v.Waiting = "something of before"
			v = h.fold.Pending(v, test.now, test.task, pending)
			test.want.ID, test.want.Name, test.want.Text, test.want.Scheduled = "5", "transfer", "build", at(1)
			if diff := cmp.Diff(test.want, v.Steps[0]); diff != "" || v.Waiting != test.waiting {
				t.Errorf("waiting %q, want %q; step (-want +got):\n%s", v.Waiting, test.waiting, diff)
			}
		})
	}
}

// TestPendingDoesNotRunBehindTheHistory: the engine's two answers are not of one moment.
func TestPendingDoesNotRunBehindTheHistory(t *testing.T) {
	h := newHistory(t)
	h.completed(h.scheduled("5", "build"))
	late := []*workflowpb.PendingActivityInfo{{ActivityId: "5", Attempt: 1, State: enumspb.PENDING_ACTIVITY_STATE_STARTED}}
	if v := h.fold.Pending(h.view(), at(9), nil, late); v.Steps[0].State != Done {
		t.Errorf("a step that is done is %s again", v.Steps[0].State)
	}
	h.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	task := &workflowpb.PendingWorkflowTaskInfo{State: enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED, OriginalScheduledTime: timestamppb.New(at(1))}
	if v := h.fold.Pending(h.view(), at(60), task, nil); v.Waiting != "" {
		t.Errorf("a run that has ended waits: %q", v.Waiting)
	}
}
