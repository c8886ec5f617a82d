package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"

	"github.com/longshore-dev/longshore/internal/app"
)

// The follower's clock.
const (
	describeEvery   = 500 * time.Millisecond
	describeTimeout = 3 * time.Second
	questionTimeout = 5 * time.Second  // a query waits for a worker
	pollTimeout     = 25 * time.Second // of one long poll; the engine answers an empty one after about 20 s
	retryEvery      = 500 * time.Millisecond
)

// GiveUpAfter is how long an engine that does not answer is waited for.
const GiveUpAfter = 3 * time.Minute

// WaitingForEngine is View.Waiting while the engine does not answer.
const WaitingForEngine = "the engine does not answer; trying again"

// Follower follows runs on one engine.
type Follower struct {
	Client    client.Client
	Namespace string
	Fold      Fold
}

// ErrEngineLost says that the engine did not answer for minutes. The run goes on by itself once it is back.
var ErrEngineLost = errors.New("the engine has not answered for 3 minutes; the run goes on by itself once it is back")

// Follow calls show with each new view until the run ends, and returns its result. show is called from one goroutine.
// A reset run is followed into its new run. Follow outlasts a restart of the engine and the lack of a worker. It ends
// early with ctx's error, and with ErrEngineLost.
func (f Follower) Follow(ctx context.Context, site app.Site, id, runID string, show func(View)) (app.Result, error) {
	return follow(ctx, f, id, runID, show, func(view View, last *historypb.HistoryEvent) (app.Result, error) {
		result, err := f.Fold.Result(site, last)
		result.DurationMS = view.Elapsed(view.Ended).Milliseconds()
		return result, err
	})
}

// Bootstrap is Follow for the bootstrap of a host.
func (f Follower) Bootstrap(ctx context.Context, host, id, runID string, show func(View)) (app.BootstrapReport, error) {
	return follow(ctx, f, id, runID, show, func(_ View, last *historypb.HistoryEvent) (app.BootstrapReport, error) {
		return f.Fold.Report(host, last)
	})
}

// follow follows a run, and those that replace it, to the result that read finds in the last event.
func follow[T any](ctx context.Context, f Follower, id, runID string, show func(View), read func(View, *historypb.HistoryEvent) (T, error)) (T, error) {
	var none T
	for {
		view, last, err := f.one(ctx, id, runID, show)
		if err != nil {
			return none, err
		}
		result, err := read(view, last)
		if !errors.Is(err, ErrReplaced) {
			return result, err
		}
		newer, err := f.current(ctx, id)
		if err != nil {
			return none, err
		}
		if newer == runID {
			return result, nil
		}
		runID = newer
	}
}

// described is one look at what is under way.
type described struct {
	answer *workflowservice.DescribeWorkflowExecutionResponse
	err    error
}

// one follows one run to its last event.
func (f Follower) one(ctx context.Context, id, runID string, show func(View)) (View, *historypb.HistoryEvent, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, looks := make(chan *historypb.HistoryEvent), make(chan described)
	failed := make(chan error, 1)
	execution := &commonpb.WorkflowExecution{WorkflowId: id, RunId: runID}
	go func() { failed <- f.readHistory(ctx, execution, events) }()
	go f.describe(ctx, execution, looks)
	asking := f.asking(execution)

	var view View
	lost := time.Time{} // since when nothing has answered
	for {
		select {
		case e := <-events:
			view, lost = f.Fold.Event(view, e), time.Time{}
			show(view)
			if closes(e.GetEventType()) {
				return view, e, nil
			}
			asking.about(ctx, view.newestTimer())
		case answer := <-asking.answers:
			if answer.timer == view.newestTimer() && answer.question.Waiting {
				view.Question = &answer.question
				show(view)
			}
		case look := <-looks:
			if look.err == nil {
				lost = time.Time{}
				view = f.Fold.Pending(view, time.Now(), look.answer.GetPendingWorkflowTask(), look.answer.GetPendingActivities())
				show(view)
				continue
			}
			if lost.IsZero() {
				lost = time.Now()
			}
			if time.Since(lost) > GiveUpAfter {
				return view, nil, ErrEngineLost
			}
			if view.Ended.IsZero() {
				view.Waiting = WaitingForEngine
				show(view)
			}
		case err := <-failed:
			return view, nil, err
		case <-ctx.Done():
			return view, nil, ctx.Err()
		}
	}
}

// readHistory sends every event, old and new, until the last. It asks again for as long as the engine may come back; the
// history is then read from its beginning, and the fold leaves out what it knows.
func (f Follower) readHistory(ctx context.Context, execution *commonpb.WorkflowExecution, events chan<- *historypb.HistoryEvent) error {
	var page []byte
	for {
		callCtx, cancel := context.WithTimeout(ctx, pollTimeout)
		answer, err := f.Client.WorkflowService().GetWorkflowExecutionHistory(callCtx, &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace:       f.Namespace,
			Execution:       execution,
			NextPageToken:   page,
			WaitNewEvent:    true,
			SkipArchival:    true,
			MaximumPageSize: 500,
		})
		cancel()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !Passing(err) {
				return fmt.Errorf("read the run's history: %w", err)
			}
			page = nil
			if err := Pause(ctx, retryEvery); err != nil {
				return err
			}
			continue
		}
		for _, e := range answer.GetHistory().GetEvents() {
			select {
			case events <- e:
			case <-ctx.Done():
				return ctx.Err()
			}
			if closes(e.GetEventType()) {
				return nil
			}
		}
		page = answer.GetNextPageToken()
	}
}

// describe looks at what is under way, now and then.
func (f Follower) describe(ctx context.Context, execution *commonpb.WorkflowExecution, looks chan<- described) {
	for {
		callCtx, cancel := context.WithTimeout(ctx, describeTimeout)
		answer, err := f.Client.WorkflowService().DescribeWorkflowExecution(callCtx, &workflowservice.DescribeWorkflowExecutionRequest{
			Namespace: f.Namespace,
			Execution: execution,
		})
		cancel()
		select {
		case looks <- described{answer, err}:
		case <-ctx.Done():
			return
		}
		if Pause(ctx, describeEvery) != nil {
			return
		}
	}
}

// current is the newest run of a workflow id.
func (f Follower) current(ctx context.Context, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	answer, err := f.Client.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return "", fmt.Errorf("look for the run that goes on: %w", err)
	}
	return answer.GetWorkflowExecutionInfo().GetExecution().GetRunId(), nil
}

// Passing says whether asking the engine again may help: it is restarting, or slow, or the run has only just begun.
func Passing(err error) bool {
	if _, ok := errors.AsType[*serviceerror.WorkflowNotReady](err); ok {
		return true
	}
	switch serviceerror.ToStatus(err).Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted, codes.Internal, codes.Unknown, codes.Aborted:
		return true
	}
	return false
}

// Pause waits; it fails with ctx's error where that ends sooner.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
