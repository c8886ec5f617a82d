package activities

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// Policy is how long a step may take and how it is retried.
type Policy struct {
	// Attempt bounds one attempt, Total all of them with the waits between.
	Attempt, Total time.Duration
	// Attempts bounds their number; 0 means as many as fit into Total.
	Attempts int32
}

// The presets. Every activity heartbeats by itself about once a second, so a lost worker is noticed within
// heartbeatTimeout whatever the step's own bound is.
var (
	// Look is for reading a host before anything is changed: a host that is down fails the run soon.
	Look = Policy{Attempt: 30 * time.Second, Total: 60 * time.Second, Attempts: 4}
	// Change is for a short change in the middle of a run: it outlasts a reboot of the host.
	Change = Policy{Attempt: 2 * time.Minute, Total: 10 * time.Minute}
	// Long is for builds, transfers and commands whose length is the user's affair.
	Long = Policy{Attempt: 2 * time.Hour, Total: 6 * time.Hour}
	// Undo is for compensation: long enough for a host to come back, short enough to say that one did not.
	Undo = Policy{Attempt: 2 * time.Minute, Total: 6 * time.Minute}
)

// fewAttempts is how often a step is tried that the run can go on without. They take about a minute where a host cannot
// be reached.
const fewAttempts = 5

type briefKey struct{}

// Briefly has the steps that are run with the context tried only a few times, instead of for as long as a host may take
// to come back. What undoes is not meant.
func Briefly(ctx workflow.Context) workflow.Context { return workflow.WithValue(ctx, briefKey{}, true) }

// within is the policy as the context wants it.
func (p Policy) within(ctx workflow.Context) Policy {
	if brief, _ := ctx.Value(briefKey{}).(bool); brief && (p.Attempts == 0 || p.Attempts > fewAttempts) {
		p.Attempts = fewAttempts
	}
	return p
}

const heartbeatTimeout = 10 * time.Second

// options are the activity options of a policy.
func (p Policy) options(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout:    p.Attempt,
		ScheduleToCloseTimeout: p.Total,
		HeartbeatTimeout:       heartbeatTimeout,
		// A cancelled step ends its remote work before the compensation starts.
		WaitForCancellation: true,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    500 * time.Millisecond,
			BackoffCoefficient: 1.7,
			MaximumInterval:    10 * time.Second,
			MaximumAttempts:    p.Attempts,
		},
	}
}

// Fail makes the error that an activity ends with: its type is the failure's kind, its detail the failure. It is
// retried unless the kind is permanent.
func Fail(f app.Failure, cause error) error {
	return temporal.NewApplicationErrorWithOptions(f.Message, f.Kind, temporal.ApplicationErrorOptions{
		NonRetryable: app.Permanent(f.Kind),
		Cause:        cause,
		Details:      []any{f},
	})
}
