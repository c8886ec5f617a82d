package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/activities/masking"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// runWithin bounds one run, in the time of the machine that tests.
const runWithin = time.Minute

// Run is one run of a workflow in the world. Make one anew for each.
type Run struct {
	World *World
	// ID is the run's id; equal ids are the same run to the fence.
	ID string
	// ResetOf is the id of the run that this one was made from by a reset; empty for none.
	ResetOf string
	// Around, where given, runs each attempt of an activity: it answers what a.Work answers, or something else.
	Around func(a *Attempt) (any, error)
	// LostQueues are task queues that no worker polls from the start: calls there end with a schedule-to-start timeout.
	LostQueues []string
	// Answer, where given, is asked each time that the run waits for a person: it answers the update to send, or "" for
	// none. A run that nobody answers waits for its whole time, which passes at once.
	Answer func(q workflows.Question) (update string, decision workflows.Decision)
	// Activities, where given, registers what the run may call, in the place of the world's.
	Activities func(activities.Registry)
	// Result, where given, is a pointer that gets what the run answers, in the place of Ended.Result.
	Result any
	// Script is what happens so long after the run's begin, in its own time.
	Script map[time.Duration]func()

	env      *testsuite.TestWorkflowEnvironment
	mu       sync.Mutex
	attempts []*Attempt
	cancels  map[string]*cancellation // by activity id
	nth      map[string]int
	updates  int
	refused  []error
}

// Attempt is one attempt of an activity.
type Attempt struct {
	Step, Host, Service string
	// Number counts the attempts of one call, and Nth the calls of the step on the host for the service, from 1.
	Number int32
	Nth    int
	// Err is how it ended, once it has.
	Err error
	// In is the activity's input.
	In any

	ctx  context.Context
	run  *Run
	work func() (any, error)
}

// Work does what the activity does.
func (a *Attempt) Work() (any, error) { return a.work() }

// Context is the attempt's own; it ends with a cancellation.
func (a *Attempt) Context() context.Context { return a.ctx }

// RequestCancel asks for the end of the run.
func (a *Attempt) RequestCancel() { a.run.Cancel() }

// Cancel asks for the end of the run, and waits until the cancellation has come to this attempt.
func (a *Attempt) Cancel() {
	a.RequestCancel()
	<-a.ctx.Done()
}

func (a *Attempt) String() string {
	text := a.Step
	if a.Host != "" {
		text += " on " + a.Host
	}
	if a.Service != "" {
		text += " of " + a.Service
	}
	return text
}

// Ended is a run that has come to its end.
type Ended struct {
	Result   app.Result
	Err      error
	Attempts []*Attempt

	env *testsuite.TestWorkflowEnvironment
}

// Read reads what the run has answered or carries with its error into v: a pointer to what its workflow answers.
func (e Ended) Read(v any) error { return readResult(e.env, e.Err, v) }

// Count is how many attempts a step had in all.
func (e Ended) Count(step string) int {
	n := 0
	for _, a := range e.Attempts {
		if a.Step == step {
			n++
		}
	}
	return n
}

// Do runs a workflow function to its end, in Temporal's test environment: timers pass at once, retries included.
func (r *Run) Do(t *testing.T, workflow, input any) Ended {
	t.Helper()
	r.cancels, r.nth = map[string]*cancellation{}, map[string]int{}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent{})
	r.env = suite.NewTestWorkflowEnvironment()
	r.env.SetTestTimeout(runWithin)
	r.env.SetStartTime(time.Now())
	r.env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{masking.Interceptor(r.masker()), &tracer{run: r}, heartbeat.Interceptor()},
		DeadlockDetectionTimeout: runWithin, // a busy machine may stop a workflow for long
	})
	r.env.RegisterWorkflow(workflow)
	if r.Activities != nil {
		r.Activities(r.env)
	} else {
		r.World.Register(r.env, r.env)
	}
	r.answers()
	for after, do := range r.Script {
		r.env.RegisterDelayedCallback(do, after)
	}
	r.env.ExecuteWorkflow(workflow, input)
	if !r.env.IsWorkflowCompleted() {
		t.Fatal("the workflow has not come to its end")
	}
	ended := Ended{Err: r.env.GetWorkflowError(), Attempts: r.attempts, env: r.env}
	if err := ended.Read(cmp.Or[any](r.Result, &ended.Result)); err != nil {
		t.Fatalf("the run carries no result: %v (it ended with: %v)", err, ended.Err)
	}
	return ended
}

// Query asks the run while it goes on.
func (r *Run) Query(name string, answer any) error {
	value, err := r.env.QueryWorkflow(name)
	if err != nil {
		return err
	}
	return value.Get(answer)
}

// readResult reads a run's result from its answer or its error, as the CLI does.
func readResult(env *testsuite.TestWorkflowEnvironment, err error, result any) error {
	var failed *temporal.ApplicationError
	var cancelled *temporal.CanceledError
	switch {
	case err == nil:
		return env.GetWorkflowResult(result)
	case errors.As(err, &failed):
		return failed.Details(result)
	case errors.As(err, &cancelled):
		return cancelled.Details(result)
	default:
		return fmt.Errorf("an error of type %T", err)
	}
}

// Lose has no worker poll a task queue any more.
func (r *Run) Lose(queue string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.LostQueues = append(r.LostQueues, queue)
}

func (r *Run) isLost(queue string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.LostQueues, queue)
}

// silent keeps the SDK's log out of the tests' output.
type silent struct{}

var _ sdklog.Logger = silent{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
