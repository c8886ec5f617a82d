package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// answer is a person's, to a question.
type answer struct {
	Decision
	yes bool
}

// who is the person, for a note.
func (a *answer) who() string {
	who := a.By
	if who == "" {
		who = "somebody"
	}
	if a.Why != "" {
		who += " (" + a.Why + ")"
	}
	return who
}

// listen has the run tell what it asks, and take answers: from the CLI, the web UI or whoever may send an update.
func (d *deploy) listen(ctx workflow.Context) {
	err := errors.Join(
		workflow.SetQueryHandler(ctx, QueryQuestion, func() (Question, error) { return d.question, nil }),
		d.listenFor(ctx, UpdateApprove, true),
		d.listenFor(ctx, UpdateReject, false),
	)
	if err != nil {
		// It can only be for a handler's form, which is right here. A panic fails the workflow task, not the run.
		panic(err)
	}
}

func (d *deploy) listenFor(ctx workflow.Context, update string, yes bool) error {
	take := func(_ workflow.Context, decision Decision) error {
		d.answer = &answer{Decision: decision, yes: yes}
		return nil
	}
	refuse := func(workflow.Context, Decision) error {
		if d.question.Waiting && d.answer == nil {
			return nil
		}
		return activities.Fail(app.Failure{
			Kind: app.KindRejected, Message: "the run asks for no decision",
			Advice: "It was decided already, its time was over, or the run has not come to it yet: look at it with longshore watch.",
		}, nil)
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, update, take, workflow.UpdateHandlerOptions{
		Validator: refuse, Description: "answers what the run asks (query " + QueryQuestion + ")",
	})
}

// ask waits for a person's answer; nil is none within the time.
func (d *deploy) ask(ctx workflow.Context, q Question, within time.Duration) (*answer, error) {
	q.Waiting, q.Until = true, workflow.Now(ctx).Add(within)
	d.question, d.answer = q, nil
	d.report.asks(ctx, q)
	_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout:      within,
		TimerOptions: workflow.TimerOptions{Summary: "ask: " + shortened(q.Text)},
	}, func() bool { return d.answer != nil })
	d.question = Question{}
	d.report.asks(ctx, d.question)
	return d.answer, err
}

// patience is how long the run waits for a person.
func (d *deploy) patience() time.Duration {
	if a := d.in.Spec.Approve; a != nil && a.Within > 0 {
		return a.Within
	}
	return app.DefaultApproval
}

// summaryBytes is how much of a question a timer's summary shows: the engine refuses a long one.
const summaryBytes = 200

// shortened is the text's beginning, whole characters only.
func shortened(text string) string {
	end := 0
	for i, r := range text {
		if r == '\n' || i > summaryBytes {
			return text[:end] + "…"
		}
		end = i + len(string(r))
	}
	return text
}
