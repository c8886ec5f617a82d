package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// tracer sees every activity of a run, and has the test environment do what the engine does: a cancelled activity is
// told so and comes to its end before the workflow goes on (WaitForCancellation), and a call to a queue without a
// worker times out.
type tracer struct {
	interceptor.WorkerInterceptorBase
	run *Run
}

// cancellation is that of one activity.
type cancellation struct{ asked chan struct{} }

func (tr *tracer) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &workflowIn{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, run: tr.run}
}

func (tr *tracer) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &activityIn{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, run: tr.run}
}

type workflowIn struct {
	interceptor.WorkflowInboundInterceptorBase
	run *Run
}

func (i *workflowIn) Init(out interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&workflowOut{WorkflowOutboundInterceptorBase: interceptor.WorkflowOutboundInterceptorBase{Next: out}, run: i.run})
}

func (i *workflowIn) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	// The environment hands out its own record, and passes the run's id on to activities from there.
	info := workflow.GetInfo(ctx)
	info.WorkflowExecution.RunID = i.run.ID
	info.OriginalRunID = cmp.Or(i.run.ResetOf, i.run.ID)
	return i.Next.ExecuteWorkflow(ctx, in)
}

type workflowOut struct {
	interceptor.WorkflowOutboundInterceptorBase
	run    *Run
	number int
}

func (o *workflowOut) ExecuteActivity(ctx workflow.Context, activityType string, args ...any) workflow.Future {
	if ctx.Err() != nil {
		// The environment would run it all the same.
		future, settable := workflow.NewFuture(ctx)
		settable.SetError(temporal.NewCanceledError())
		return future
	}
	options := workflow.GetActivityOptions(ctx)
	if o.run.isLost(options.TaskQueue) {
		future, settable := workflow.NewFuture(ctx)
		settable.SetError(temporal.NewTimeoutError(enums.TIMEOUT_TYPE_SCHEDULE_TO_START, nil))
		return future
	}
	o.number++
	options.ActivityID = strconv.Itoa(o.number)
	asked := &cancellation{asked: make(chan struct{})}
	o.run.mu.Lock()
	o.run.cancels[options.ActivityID] = asked
	o.run.mu.Unlock()
	// The environment would end a cancelled activity's future at once, while the activity goes on.
	detached, _ := workflow.NewDisconnectedContext(ctx)
	future := o.Next.ExecuteActivity(workflow.WithActivityOptions(detached, options), activityType, args...)
	workflow.Go(detached, func(detached workflow.Context) {
		workflow.NewSelector(detached).
			AddFuture(future, func(workflow.Future) {}).
			AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) { close(asked.asked) }).
			Select(detached)
	})
	return future
}

type activityIn struct {
	interceptor.ActivityInboundInterceptorBase
	run *Run
}

func (i *activityIn) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	a := i.run.attempt(info, in)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	i.run.mu.Lock()
	asked := i.run.cancels[info.ActivityID]
	i.run.mu.Unlock()
	select {
	case <-asked.asked: // while it waited for a retry
		return nil, context.Canceled
	default:
	}
	go func() {
		select {
		case <-asked.asked:
			cancel()
		case <-ctx.Done():
		}
	}()
	a.ctx = ctx
	a.work = func() (any, error) { return i.Next.ExecuteActivity(ctx, in) }
	around := i.run.Around
	if around == nil {
		around = (*Attempt).Work
	}
	out, err := around(a)
	i.run.mu.Lock()
	defer i.run.mu.Unlock()
	a.Err = err
	return out, err
}

// attempt notes one.
func (r *Run) attempt(info activity.Info, in *interceptor.ExecuteActivityInput) *Attempt {
	a := &Attempt{Step: info.ActivityType.Name, Number: info.Attempt, run: r}
	if len(in.Args) > 0 {
		a.In = in.Args[0]
		a.Host, a.Service = subject(in.Args[0])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.Number == 1 {
		r.nth[a.String()]++
	}
	a.Nth = r.nth[a.String()]
	r.attempts = append(r.attempts, a)
	return a
}

// subject reads the host and the service from an activity's input, whatever its type.
func subject(input any) (host, service string) {
	var at struct {
		Host    struct{ Name string }
		Service json.RawMessage
	}
	data, err := json.Marshal(input)
	if err == nil {
		err = json.Unmarshal(data, &at)
	}
	if err != nil || at.Service == nil {
		return at.Host.Name, ""
	}
	var whole struct{ Name string }
	if json.Unmarshal(at.Service, &whole) == nil {
		return at.Host.Name, whole.Name
	}
	if json.Unmarshal(at.Service, &service) != nil {
		return at.Host.Name, ""
	}
	return at.Host.Name, service
}
