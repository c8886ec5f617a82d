package workflows

import (
	"errors"
	"strings"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// stepError is a step that failed, with all that a person needs to know of it.
type stepError struct {
	failure app.Failure
	cause   error
	// refused says that nothing was tried: the run ends as app.Refused.
	refused bool
}

func (e *stepError) Error() string {
	where := e.failure.Step
	if e.failure.Host != "" {
		where += " on " + e.failure.Host
	}
	return where + ": " + e.failure.Message
}

func (e *stepError) Unwrap() error { return e.cause }

// failed says which step an activity's error belongs to; nil stays nil, and a cancellation stays one.
func failed(step string, h app.Host, service string, err error) error {
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	f := activities.FailureOf(err)
	f.Step = step
	if f.Host == "" {
		f.Host = h.Name
	}
	if f.Service == "" {
		f.Service = service
	}
	return &stepError{failure: f, cause: err}
}

// refusal ends a run before it has changed anything, for a reason that is none of the hosts' doing.
func refusal(f app.Failure) error { return &stepError{failure: f, refused: true} }

// joined makes one error of all the problems found at once; nil for none.
func joined(problems []app.Failure) error {
	if len(problems) == 0 {
		return nil
	}
	f := problems[0]
	if len(problems) > 1 {
		var lines []string
		for _, p := range problems {
			lines = append(lines, p.Host+": "+p.Message+"; "+p.Advice)
		}
		f.Message, f.Advice = strings.Join(lines, "\n"), ""
	}
	return &stepError{failure: f}
}

// isRefusal says whether an error is a refusal.
func isRefusal(err error) bool {
	var step *stepError
	return errors.As(err, &step) && step.refused
}

// failureOf is the failure that an error carries.
func failureOf(err error) app.Failure {
	var step *stepError
	if errors.As(err, &step) {
		return step.failure
	}
	return activities.FailureOf(err)
}
