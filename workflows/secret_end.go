package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// end decides the outcome, goes back where the old version is still good, and answers.
func (r *rotation) end(ctx workflow.Context, err error) (app.RotationResult, error) {
	asked := ctx.Err() != nil
	ctx, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	if r.forward {
		r.endForward(asked)
	} else {
		r.endBack(ctx, err, asked)
	}
	r.noteGap(ctx)
	r.result.Sites = r.rotated()
	r.result.DurationMS = workflow.Now(ctx).Sub(r.report.started).Milliseconds()
	r.report.ended(ctx, r.result)
	return r.result, rotationError(r.result)
}

// endForward tells of a rotation whose old version is revoked, or as much of it as could be.
func (r *rotation) endForward(asked bool) {
	r.result.Outcome = app.Succeeded
	if asked {
		r.note("The cancel came after the revoke of version " + r.versions.Old.Version + " had begun: from there a rotation only goes forward.")
	}
	if len(r.left) > 0 {
		r.dirty(r.failure(), "Version "+r.versions.New.Version+" is in its place, and there is no way back. "+
			"Mend the cause. A deploy brings the current version to a site that lacks it; another rotation ends a credential that is still good.")
	}
}

// endBack goes back from a rotation that failed or was cancelled before the revoke.
func (r *rotation) endBack(ctx workflow.Context, err error, asked bool) {
	r.goBack(ctx)
	if asked || temporal.IsCanceledError(err) {
		r.result.Outcome = app.Cancelled
	} else {
		f := failureOf(err)
		r.result.Outcome, r.result.Failure = app.FailedClean, &f
		if isRefusal(err) {
			r.result.Outcome = app.Refused
		}
	}
	switch {
	case len(r.left) > 0:
		r.dirty(r.result.Failure, "What is left keeps what it works with. Mend the cause, and rotate again.")
	case r.made && r.result.Failure != nil:
		r.result.Failure.Advice = joinAdvice("Version "+r.versions.Old.Version+" is good everywhere.", r.result.Failure.Advice)
	}
}

// dirty ends the rotation with what is left; f is why it failed, nil for a cancel.
func (r *rotation) dirty(f *app.Failure, advice string) {
	if f == nil {
		f = &app.Failure{Kind: app.KindInternal, Step: string(app.PhaseUndo), Message: "the rotation was cancelled, and not all could be undone"}
	}
	if r.failed != nil {
		if cause := failureOf(r.failed).Message; cause != f.Message {
			advice += " The cause: " + cause
		}
	}
	f.Left, f.Advice = r.left, joinAdvice(f.Advice, advice)
	r.result.Outcome, r.result.Failure = app.FailedDirty, f
}

// failure is why something is left.
func (r *rotation) failure() *app.Failure {
	if r.failed != nil {
		f := failureOf(r.failed)
		return &f
	}
	return &app.Failure{
		Kind: app.KindSecret, Step: string(app.PhaseVerify),
		Message: "something else than version " + r.versions.New.Version + " still runs, though it was rolled out again and again",
	}
}

// rotationError is the workflow's own error for a result, which carries it, as runError does.
func rotationError(result app.RotationResult) error {
	switch result.Outcome {
	case app.Succeeded:
		return nil
	case app.Cancelled:
		return temporal.NewCanceledError(result)
	}
	return temporal.NewNonRetryableApplicationError(string(result.Outcome)+": "+result.Failure.Message, string(result.Outcome), nil, result)
}
