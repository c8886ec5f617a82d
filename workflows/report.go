package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

var (
	attributeRelease = temporal.NewSearchAttributeKeyKeyword(AttributeRelease)
	attributeOutcome = temporal.NewSearchAttributeKeyKeyword(AttributeOutcome)
)

// report is what the web UI shows of a run while it goes on: its current details, as a log of phases.
type report struct {
	started time.Time
	title   string
	phases  []string
	begun   time.Time
	// question is what a person is asked, and how to answer; empty where nothing is.
	question string
}

func newReport(ctx workflow.Context) *report {
	now := workflow.Now(ctx)
	return &report{started: now, begun: now}
}

// phase ends the phase before and begins the next.
func (r *report) phase(ctx workflow.Context, name string) {
	r.close(ctx)
	r.phases = append(r.phases, name)
	r.show(ctx, "running")
}

func (r *report) close(ctx workflow.Context) {
	now := workflow.Now(ctx)
	if n := len(r.phases); n > 0 {
		r.phases[n-1] = fmt.Sprintf("- %s: %s", r.phases[n-1], now.Sub(r.begun).Round(10*time.Millisecond))
	}
	r.begun = now
}

func (r *report) show(ctx workflow.Context, state string) {
	lines := append([]string{"**" + r.title + "** " + state, ""}, r.phases...)
	if n := len(r.phases); n > 0 && !strings.HasPrefix(r.phases[n-1], "- ") {
		lines[len(lines)-1] = "- **" + r.phases[n-1] + " …**"
	}
	if r.question != "" {
		lines = append(lines, "", r.question)
	}
	workflow.SetCurrentDetails(ctx, strings.Join(lines, "\n"))
}

// asks shows what the run waits for a person to decide; nothing for a question that does not wait.
func (r *report) asks(ctx workflow.Context, q Question) {
	r.question = ""
	if q.Waiting {
		r.question = fmt.Sprintf("**%s**\n\n- %s: %s\n- %s: %s\n- until %s", q.Text,
			UpdateApprove, q.Yes, UpdateReject, q.No, q.Until.UTC().Format(time.RFC1123))
	}
	r.show(ctx, "running")
}

// planned names the release.
func (r *report) planned(ctx workflow.Context, plan app.Plan) {
	r.title = plan.Site + " " + plan.Release
	upsert(ctx, attributeRelease.ValueSet(plan.Release))
}

// ended shows and marks the outcome.
func (r *report) ended(ctx workflow.Context, result app.Result) {
	r.close(ctx)
	state := string(result.Outcome)
	if f := result.Failure; f != nil {
		state += "\n\n" + f.Step
		if f.Host != "" {
			state += " on " + f.Host
		}
		state += ": " + f.Message
	}
	r.show(ctx, state)
	upsert(ctx, attributeOutcome.ValueSet(string(result.Outcome)))
}

// upsert marks the run for searches. It can only fail for attributes that are malformed, which these are not.
func upsert(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) {
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Error("mark the run", "error", err)
	}
}
