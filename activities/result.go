package activities

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
)

// ResultOf reads a run's result from the error that it ended with. A run that could not say how it ended, because it was
// terminated or its workflow is broken, gets a result that says so.
func ResultOf(site string, err error) app.Result {
	var result app.Result
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		if application.HasDetails() && application.Details(&result) == nil && result.Outcome != "" {
			return result
		}
		return Broken(site, "the workflow itself failed: "+application.Message())
	}
	var cancelled *temporal.CanceledError
	if errors.As(err, &cancelled) {
		if cancelled.HasDetails() && cancelled.Details(&result) == nil && result.Outcome != "" {
			return result
		}
		return app.Result{Outcome: app.Cancelled, Site: site}
	}
	var terminated *temporal.TerminatedError
	if errors.As(err, &terminated) {
		return Broken(site, "the run was terminated, so that nothing could be undone")
	}
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return Broken(site, "the run took longer than the engine allows, and could not undo what it had done")
	}
	return Broken(site, "the run's result cannot be read: "+err.Error())
}

// Broken is the result of a run that could not say how it ended.
func Broken(site, message string) app.Result {
	return app.Result{
		Outcome: app.FailedDirty,
		Site:    site,
		Failure: &app.Failure{
			Kind:    app.KindInternal,
			Step:    "run",
			Message: message,
			Advice:  "Look at what runs with longshore ps, and deploy again: a deploy finds and removes what another has left.",
		},
	}
}
