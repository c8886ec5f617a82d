package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// approve waits for a person's yes, where the site asks for one, before anything is changed. What was observed may be
// old when it comes, so the run looks again.
func (d *deploy) approve(ctx workflow.Context) error {
	if d.in.Spec.Approve == nil {
		return nil
	}
	d.report.phase(ctx, "wait for approval")
	within := d.patience()
	given, err := d.ask(ctx, Question{
		Text: d.approvalText(),
		Yes:  "the run goes on",
		No:   "the run ends as refused, and nothing is changed",
	}, within)
	switch {
	case err != nil:
		return err
	case given == nil:
		return refusal(app.Failure{
			Kind: app.KindRejected, Step: "approval", Message: fmt.Sprintf("nobody has approved %s within %s", d.plan.Release, within),
			Advice: "Nothing was changed. Ask for it again, and have it approved in time: longshore approve.",
		})
	case !given.yes:
		return refusal(app.Failure{
			Kind: app.KindRejected, Step: "approval", Message: d.plan.Release + " was rejected by " + given.who(),
			Advice: "Nothing was changed.",
		})
	}
	d.note("Approved by " + given.who() + ".")
	return d.look(ctx)
}

// approvalText is what a person is asked before the run.
func (d *deploy) approvalText() string {
	text := fmt.Sprintf("Shall the %s of %s bring %s", d.kind, d.plan.Site, d.plan.Release)
	if subject := d.in.Spec.Source.Subject; subject != "" {
		text += " (" + subject + ")"
	}
	if d.plan.Previous != "" {
		text += " in the place of " + d.plan.Previous
	}
	return text + "?"
}
