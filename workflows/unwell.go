package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// verdict is a release that was found unwell while it got traffic.
type verdict struct {
	error
	// pause says that a person is to decide what becomes of it.
	pause bool
}

// Unwrap is the failed watch.
func (v *verdict) Unwrap() error { return v.error }

func isVerdict(err error) bool {
	var v *verdict
	return errors.As(err, &v)
}

// judge decides what becomes of a release that was found unwell: with an error, the traffic goes back. A rollback never
// does, so that two releases cannot take turns.
func (d *deploy) judge(ctx workflow.Context, err error, canary bool) error {
	var v *verdict
	if !errors.As(err, &v) {
		return err
	}
	f := failureOf(err)
	if d.kind == app.RunRollback {
		d.keepUnwell(f, "A rollback is never rolled back by itself.")
		return nil
	}
	if !v.pause && !d.in.Spec.Irreversible {
		return err
	}
	// Of a canary, most of the traffic is still the old release's: where nobody decides, that is the safer one.
	goesBack := canary && !d.in.Spec.Irreversible
	given, asked := d.ask(ctx, d.unwellQuestion(f), d.patience())
	switch {
	case asked != nil:
		return asked
	case given == nil && goesBack, given != nil && !given.yes:
		return err
	case given == nil:
		d.keepUnwell(f, fmt.Sprintf("Nobody has decided within %s.", d.patience()))
	default:
		d.note(f.Host + ": " + f.Message + ". It stays by the word of " + given.who() + ".")
	}
	return nil
}

// keepUnwell has the run go on with a release that is unwell, and end with what is wrong with it.
func (d *deploy) keepUnwell(f app.Failure, why string) {
	f.Left = []string{f.Host + ": " + d.plan.Release + ", which serves and is unwell"}
	f.Advice = joinAdvice(f.Advice, why+" Deploy a mended version, or go back to another release: longshore rollback --to RELEASE.")
	d.kept = &f
}

func (d *deploy) unwellQuestion(f app.Failure) Question {
	q := Question{
		Text: fmt.Sprintf("%s is unwell on %s. Shall it go on all the same? %s", d.plan.Release, f.Host, f.Message),
		Yes:  "the new release stays",
		No:   "the traffic goes back to " + d.plan.Previous,
	}
	if d.plan.Previous == "" {
		q.No = "the new release is taken away, and nothing serves"
	}
	if d.in.Spec.Irreversible {
		q.Text += " The release is marked as irreversible: the one before may not work any more."
	}
	return q
}
