package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// Step is one activity of the contract: its name, how it is run, and how it reads in the web UI. In and Out travel in
// the history: they must stay small and free of secrets.
type Step[In, Out any] struct {
	Name   string
	Policy Policy
	// Describe says where a call works and what it does, for its summary.
	Describe func(In) (host, text string)
	// Takes is the time that a call asks for itself, such as a drain, on top of the policy's bounds; nil for none.
	Takes func(In) time.Duration
}

// Pending is a call under way.
type Pending[Out any] struct{ future workflow.Future }

// Start schedules a call.
func (s Step[In, Out]) Start(ctx workflow.Context, in In) Pending[Out] {
	return s.start(ctx, in, s.Policy.within(ctx))
}

// Run schedules a call and waits for its end.
func (s Step[In, Out]) Run(ctx workflow.Context, in In) (Out, error) {
	return s.Start(ctx, in).Get(ctx)
}

// Undo is Run under the policy for compensation.
func (s Step[In, Out]) Undo(ctx workflow.Context, in In) (Out, error) {
	return s.start(ctx, in, Undo).Get(ctx)
}

// RunOn is Run on the task queue of one worker. It fails with a schedule-to-start timeout (see WorkerLost) where that
// worker does not take the call.
func (s Step[In, Out]) RunOn(ctx workflow.Context, queue string, in In) (Out, error) {
	host, text := s.Describe(in)
	options := s.bounds(s.Policy.within(ctx), in).options(Summary(host, text))
	options.TaskQueue = queue
	options.ScheduleToStartTimeout = workerLostAfter
	return Pending[Out]{workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), s.Name, in)}.Get(ctx)
}

func (s Step[In, Out]) start(ctx workflow.Context, in In, p Policy) Pending[Out] {
	host, text := s.Describe(in)
	return Pending[Out]{workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, s.bounds(p, in).options(Summary(host, text))), s.Name, in)}
}

// bounds is a policy with the time that the call asks for.
func (s Step[In, Out]) bounds(p Policy, in In) Policy {
	if s.Takes != nil {
		p.Attempt += s.Takes(in)
		p.Total += s.Takes(in)
	}
	return p
}

// Get waits for the call's end.
func (p Pending[Out]) Get(ctx workflow.Context) (Out, error) {
	var out Out
	err := p.future.Get(ctx, &out)
	return out, err
}

// Registry is the part of a Temporal worker (or test environment) that registers activities.
type Registry interface {
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

// Register binds a step to its implementation.
func (s Step[In, Out]) Register(r Registry, implementation func(context.Context, In) (Out, error)) {
	// The SDK also knows a registered function by its own name, and would take a method that two steps share, or that is
	// named like another step, for that one. A function literal has no such name.
	f := func(ctx context.Context, in In) (Out, error) { return implementation(ctx, in) }
	r.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: s.Name})
}

// workerLostAfter is how long a call may wait for the one worker that it is for: longer than a restart of it takes.
const workerLostAfter = time.Minute

// WorkerLost says that a RunOn call was not taken by its worker in time, so that another has to start over.
func WorkerLost(err error) bool {
	var timeout *temporal.TimeoutError
	return errors.As(err, &timeout) && timeout.TimeoutType().String() == "ScheduleToStart"
}

// FailureOf reads the failure from an activity's error. Errors that carry none, such as timeouts, get one.
func FailureOf(err error) app.Failure {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		var f app.Failure
		if application.HasDetails() && application.Details(&f) == nil && f.Kind != "" {
			return f
		}
		return app.Failure{Kind: app.KindInternal, Message: application.Message()}
	}
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		if WorkerLost(err) {
			return app.Failure{
				Kind: app.KindInternal, Message: "the worker that was chosen for it has not taken it within " + workerLostAfter.String(),
				Advice: "Check that workers run and stay up (longshore up), and deploy again.",
			}
		}
		f := app.Failure{Kind: app.KindInternal, Message: "the step took too long (" + timeout.TimeoutType().String() + " timeout)"}
		if cause := timeout.Unwrap(); cause != nil {
			last := FailureOf(cause)
			last.Message += " (gave up: " + timeout.TimeoutType().String() + " timeout)"
			return last
		}
		return f
	}
	return app.Failure{Kind: app.KindInternal, Message: err.Error()}
}
