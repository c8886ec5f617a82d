// Package run reads a workflow run from the engine: it folds the run's history into a view that a person can follow,
// keeps that view up to date through restarts of the worker and the engine, and reads the result. It must not know how
// a view is shown, nor what the steps do.
package run

import (
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/workflows"
)

// View is a run as far as it has come. It is plain data: a fold makes a new one and leaves the old as it was.
type View struct {
	Started   time.Time
	Ended     time.Time // zero while the run goes on
	Steps     []Step    // in the order they were scheduled
	Cancelled bool      // a cancel was asked for
	// Waiting says what nothing goes on without, such as a worker; empty where nothing is missing.
	Waiting string
	// Ahead are the requests that come before the run in its site's queue, each in a few words, the one under way first;
	// empty once its turn has come.
	Ahead []string
	// Question is what the run waits for a person to decide; nil where it waits for nothing.
	Question *workflows.Question
	// Rotation is how far the rotation of a secret has come; nil for other runs, and before it is known.
	Rotation *workflows.RotationState
	// URL is the run's page in the web UI; empty before it has begun, and where no UI is known.
	URL string
	// Handle is how a command names the run, such as "20250102-030405-k3f9x2ab --site production"; empty for one that
	// takes no answers.
	Handle string

	// timers are those that are open, by the events that started them, the newest last.
	timers []int64
	// last is the newest event that was folded in: older ones are known already.
	last int64
	// byEvent finds a step by the event that scheduled it.
	byEvent map[int64]int
}

// State is how far a step has come.
type State string

// The states of a step.
const (
	Queued    State = "queued" // no worker has taken it yet, or it waits for its next attempt
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Over says that nothing more will come of the step.
func (s State) Over() bool { return s == Done || s == Failed || s == Cancelled }

// Step is one activity of the run.
type Step struct {
	ID   string // the activity's, unique in the run
	Name string // the activity's type
	Host string // empty where no host is concerned
	Text string // for a person
	// State and times. Scheduled includes the wait for a worker and all attempts.
	State     State
	Scheduled time.Time
	Ended     time.Time
	// Attempt counts from 1; 0 before the first is known of.
	Attempt int
	Beat    activities.Beat // how far the attempt has come; zero where it does not say
	// Problem is why the last attempt failed; empty for none. A step that is Done may have had one.
	Problem string
}

// Elapsed is how long the step took, or has taken by now.
func (s Step) Elapsed(now time.Time) time.Duration {
	if !s.Ended.IsZero() {
		now = s.Ended
	}
	return max(0, now.Sub(s.Scheduled))
}

// Elapsed is how long the run took, or has taken by now; zero before it is known.
func (v View) Elapsed(now time.Time) time.Duration {
	if v.Started.IsZero() {
		return 0
	}
	if !v.Ended.IsZero() {
		now = v.Ended
	}
	return max(0, now.Sub(v.Started))
}
