package run

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/longshore-dev/longshore/workflows"
)

func (h *history) timerStarted() int64 {
	e := h.add(enumspb.EVENT_TYPE_TIMER_STARTED)
	return e.EventId
}

func (h *history) timerFired(started int64) {
	h.add(enumspb.EVENT_TYPE_TIMER_FIRED).Attributes = &historypb.HistoryEvent_TimerFiredEventAttributes{
		TimerFiredEventAttributes: &historypb.TimerFiredEventAttributes{StartedEventId: started},
	}
}

func (h *history) timerCanceled(started int64) {
	h.add(enumspb.EVENT_TYPE_TIMER_CANCELED).Attributes = &historypb.HistoryEvent_TimerCanceledEventAttributes{
		TimerCanceledEventAttributes: &historypb.TimerCanceledEventAttributes{StartedEventId: started},
	}
}

func TestFoldKnowsTheNewestOpenTimer(t *testing.T) {
	tests := map[string]struct {
		more  func(h *history, first, second int64)
		want  func(first, second int64) int64
		asked bool // the question that stood before the last event still does
	}{
		"both are open":            {func(*history, int64, int64) {}, func(_, b int64) int64 { return b }, true},
		"the newest has fired":     {func(h *history, _, b int64) { h.timerFired(b) }, func(a, _ int64) int64 { return a }, false},
		"the newest was cancelled": {func(h *history, _, b int64) { h.timerCanceled(b) }, func(a, _ int64) int64 { return a }, false},
		"the older has ended":      {func(h *history, a, _ int64) { h.timerFired(a) }, func(_, b int64) int64 { return b }, true},
		"the run has ended":        {func(h *history, _, _ int64) { h.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED) }, func(int64, int64) int64 { return 0 }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			first, second := h.timerStarted(), h.timerStarted()
			before := h.view()
			before.Question = &workflows.Question{Waiting: true}
			test.more(h, first, second)
			after := h.fold.Event(before, h.events[len(h.events)-1])
			if got, want := after.newestTimer(), test.want(first, second); got != want {
				t.Errorf("the newest timer is %d, want %d", got, want)
			}
			if (after.Question != nil) != test.asked {
				t.Errorf("the question is %+v", after.Question)
			}
			if before.newestTimer() != second {
				t.Error("the view before was changed")
			}
		})
	}
}

// asked is a run that is asked what it waits for.
type asked struct {
	client.Client
	times  atomic.Int64
	answer func(n int64) (workflows.Question, error)
}

func (a *asked) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	question, err := a.answer(a.times.Add(1))
	return answerOf{question}, err
}

type answerOf struct{ question workflows.Question }

func (a answerOf) HasValue() bool { return true }

func (a answerOf) Get(into any) error {
	*into.(*workflows.Question) = a.question
	return nil
}

func TestARunIsAskedOncePerTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := &asked{answer: func(n int64) (workflows.Question, error) {
			if n == 1 {
				return workflows.Question{}, serviceerror.NewUnavailable("the engine starts")
			}
			return workflows.Question{Waiting: true, Text: "Keep it?"}, nil
		}}
		a := Follower{Client: run}.asking(&commonpb.WorkflowExecution{WorkflowId: "deploy/x", RunId: "1"})
		for range 3 {
			a.about(t.Context(), 0)
			a.about(t.Context(), 7)
			if got := <-a.answers; got.timer != 7 || got.question.Text != "Keep it?" {
				t.Errorf("got %+v", got)
			}
			for range 3 {
				a.about(t.Context(), 7)
			}
			time.Sleep(time.Minute)
		}
		if n := run.times.Load(); n != 4 { // three timers, and one attempt in vain
			t.Errorf("it was asked %d times", n)
		}
	})
}

func TestARunThatKnowsNoQuestionIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := &asked{answer: func(int64) (workflows.Question, error) {
			return workflows.Question{}, serviceerror.NewQueryFailed("unknown query")
		}}
		a := Follower{Client: run}.asking(&commonpb.WorkflowExecution{WorkflowId: "plan/x", RunId: "1"})
		a.about(t.Context(), 7)
		time.Sleep(time.Minute)
		if n := run.times.Load(); n != 1 {
			t.Errorf("it was asked %d times", n)
		}
	})
}
