package run

import (
	"errors"
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
)

// patience is how long a task may wait in its queue before a worker is said to be missing.
const patience = 2 * time.Second

// WaitingForWorker is View.Waiting while tasks lie in their queue.
const WaitingForWorker = "waiting for a worker"

// Fold turns what the engine tells of a run into views. It is pure: what it is given decides what it answers.
type Fold struct {
	Data     converter.DataConverter
	Failures converter.FailureConverter
}

// Event is the view after one more event of the history. Events that are known already change nothing, so a history
// may be read again from its beginning.
func (f Fold) Event(v View, e *historypb.HistoryEvent) View {
	if e.GetEventId() <= v.last {
		return v
	}
	v.last = e.GetEventId()
	at := e.GetEventTime().AsTime()
	switch e.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
		v.Started = at
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
		v.Cancelled = true
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		return f.scheduled(v, e)
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
		a := e.GetActivityTaskStartedEventAttributes()
		return v.change(a.GetScheduledEventId(), func(s *Step) {
			s.State, s.Attempt = Running, int(a.GetAttempt())
			if a.GetLastFailure() != nil {
				s.Problem = f.problem(a.GetLastFailure())
			}
		})
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		return v.end(e.GetActivityTaskCompletedEventAttributes().GetScheduledEventId(), Done, at, "")
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		a := e.GetActivityTaskFailedEventAttributes()
		return v.end(a.GetScheduledEventId(), Failed, at, f.problem(a.GetFailure()))
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		a := e.GetActivityTaskTimedOutEventAttributes()
		return v.end(a.GetScheduledEventId(), Failed, at, f.problem(a.GetFailure()))
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
		return v.end(e.GetActivityTaskCanceledEventAttributes().GetScheduledEventId(), Cancelled, at, "")
	case enumspb.EVENT_TYPE_TIMER_STARTED:
		v.timers = append(slices.Clone(v.timers), e.GetEventId())
	case enumspb.EVENT_TYPE_TIMER_FIRED:
		return v.withoutTimer(e.GetTimerFiredEventAttributes().GetStartedEventId())
	case enumspb.EVENT_TYPE_TIMER_CANCELED:
		return v.withoutTimer(e.GetTimerCanceledEventAttributes().GetStartedEventId())
	default:
		if closes(e.GetEventType()) {
			v.Ended, v.Waiting, v.Question, v.timers = at, "", nil, nil
		}
	}
	return v
}

// withoutTimer is the view after a timer has ended: the question that the newest one bounded is decided.
func (v View) withoutTimer(started int64) View {
	newest := v.newestTimer()
	v.timers = slices.DeleteFunc(slices.Clone(v.timers), func(id int64) bool { return id == started })
	if v.newestTimer() != newest {
		v.Question = nil
	}
	return v
}

// newestTimer is the event that started the timer opened last; 0 where none is open. A run that waits for a person has
// one open, since it does not wait for ever.
func (v View) newestTimer() int64 {
	if len(v.timers) == 0 {
		return 0
	}
	return v.timers[len(v.timers)-1]
}

// closes says whether an event is a run's last.
func closes(t enumspb.EventType) bool {
	switch t {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
		return true
	}
	return false
}

func (f Fold) scheduled(v View, e *historypb.HistoryEvent) View {
	a := e.GetActivityTaskScheduledEventAttributes()
	step := Step{
		ID:        a.GetActivityId(),
		Name:      a.GetActivityType().GetName(),
		State:     Queued,
		Scheduled: e.GetEventTime().AsTime(),
	}
	step.Host, step.Text = activities.ParseSummary(f.text(e.GetUserMetadata().GetSummary()))
	if step.Text == "" {
		step.Text = step.Name
	}
	byEvent := make(map[int64]int, len(v.byEvent)+1)
	for id, i := range v.byEvent {
		byEvent[id] = i
	}
	byEvent[e.GetEventId()] = len(v.Steps)
	v.byEvent = byEvent
	v.Steps = append(slices.Clone(v.Steps), step)
	return v
}

// Pending is the view after the engine has described what is under way now, which the history does not tell: whether
// an activity runs, its attempts, its heartbeat.
func (f Fold) Pending(v View, now time.Time, task *workflowpb.PendingWorkflowTaskInfo, pending []*workflowpb.PendingActivityInfo) View {
	if !v.Ended.IsZero() {
		return v
	}
	v.Waiting = ""
	if task.GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED && now.Sub(task.GetOriginalScheduledTime().AsTime()) > patience {
		v.Waiting = WaitingForWorker
	}
	v.Steps = slices.Clone(v.Steps)
	for _, p := range pending {
		i := slices.IndexFunc(v.Steps, func(s Step) bool { return s.ID == p.GetActivityId() && !s.State.Over() })
		if i < 0 {
			continue
		}
		s := &v.Steps[i]
		s.Attempt = int(p.GetAttempt())
		s.State = Running
		if p.GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED {
			s.State = Queued
			// An attempt that waits for its time has its schedule in the future; one that is due waits for a worker.
			if now.Sub(p.GetScheduledTime().AsTime()) > patience {
				v.Waiting = WaitingForWorker
			}
		}
		s.Beat = f.beat(p.GetHeartbeatDetails())
		if p.GetLastFailure() != nil {
			s.Problem = f.problem(p.GetLastFailure())
		}
	}
	return v
}

// change gives the view with one step changed.
func (v View) change(scheduledEvent int64, change func(*Step)) View {
	i, ok := v.byEvent[scheduledEvent]
	if !ok {
		return v
	}
	v.Steps = slices.Clone(v.Steps)
	change(&v.Steps[i])
	return v
}

func (v View) end(scheduledEvent int64, state State, at time.Time, problem string) View {
	return v.change(scheduledEvent, func(s *Step) {
		s.State, s.Ended = state, at
		// The last heartbeat lags behind: a step that is done has done all.
		if state == Done && s.Beat.Total > 0 {
			s.Beat.Done = s.Beat.Total
		}
		if problem != "" {
			s.Problem = problem
		}
	})
}

// text decodes a payload of text. What cannot be decoded (its key is on another machine) is left out: the step has its
// name still.
func (f Fold) text(p *commonpb.Payload) string {
	if p == nil {
		return ""
	}
	var text string
	if f.Data.FromPayload(p, &text) != nil {
		return ""
	}
	return text
}

func (f Fold) beat(details *commonpb.Payloads) activities.Beat {
	var b activities.Beat
	if len(details.GetPayloads()) == 0 || f.Data.FromPayloads(details, &b) != nil {
		return activities.Beat{}
	}
	return b
}

// problem is a failure in one text for a person.
func (f Fold) problem(failure *failurepb.Failure) string {
	err := f.Failures.FailureToError(failure)
	if application, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return application.Message()
	}
	if timeout, ok := errors.AsType[*temporal.TimeoutError](err); ok {
		if timeout.TimeoutType() == enumspb.TIMEOUT_TYPE_HEARTBEAT {
			return "the worker was lost"
		}
		return "took too long (" + timeout.TimeoutType().String() + ")"
	}
	return err.Error()
}
