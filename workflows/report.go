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
	workflow.SetCurrentDetails(ctx, strings.Join(lines, "\n"))
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
func upsert(ctx workflow.Context, update temporal.SearchAttributeUpdate) {
	if err := workflow.UpsertTypedSearchAttributes(ctx, update); err != nil {
		workflow.GetLogger(ctx).Error("mark the run", "error", err)
	}
}
