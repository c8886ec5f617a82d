package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// rotationReport is what a rotation tells while it goes on: its state for whoever asks, and the same as a text for the web
// UI.
type rotationReport struct {
	line           app.SecretLine
	started, begun time.Time
	state          RotationState
	done           []string // phases that have ended, each with its time
}

func newRotationReport(ctx workflow.Context, line app.SecretLine) *rotationReport {
	now := workflow.Now(ctx)
	return &rotationReport{line: line, started: now, begun: now}
}

// listen has the rotation tell how far it has come.
func (r *rotation) listen(ctx workflow.Context) {
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryRotation, func() (RotationState, error) { return r.report.state, nil },
		workflow.QueryHandlerOptions{Description: "how far the rotation has come"})
	if err != nil {
		// It can only be for the handler's form, which is right here. A panic fails the workflow task, not the run.
		panic(err)
	}
}

// mark lets searches find the rotation.
func mark(ctx workflow.Context, scope app.SecretScope) {
	parts := strings.Split(scope.Of, "/")
	var marks []temporal.SearchAttributeUpdate
	if scope.Kind == app.ScopeSite {
		marks = append(marks, temporal.NewSearchAttributeKeyKeyword(AttributeSite).ValueSet(scope.Of))
	}
	if scope.Kind != app.ScopeOrganization && len(parts) > 1 {
		marks = append(marks, temporal.NewSearchAttributeKeyKeyword(AttributeProject).ValueSet(parts[1]))
	}
	if len(marks) > 0 {
		upsert(ctx, marks...)
	}
}

// phase ends the phase before and begins the next.
func (r *rotation) phase(ctx workflow.Context, phase app.RotationPhase) { r.report.phase(ctx, phase) }

func (t *rotationReport) phase(ctx workflow.Context, phase app.RotationPhase) {
	t.close(ctx)
	t.state.Phase, t.state.Text = phase, ""
	t.show(ctx, "running")
}

func (t *rotationReport) close(ctx workflow.Context) {
	now := workflow.Now(ctx)
	if t.state.Phase != "" {
		t.done = append(t.done, fmt.Sprintf("- %s: %s", t.state.Phase, now.Sub(t.begun).Round(10*time.Millisecond)))
	}
	t.begun = now
}

func (t *rotationReport) versions(ctx workflow.Context, before, after string) {
	t.state.Old, t.state.New = before, after
	t.show(ctx, "running")
}

func (t *rotationReport) runs(ctx workflow.Context, sites []app.RotatedSite) {
	t.state.Sites = sites
	t.show(ctx, "running")
}

func (t *rotationReport) waits(ctx workflow.Context, text string) {
	t.state.Text = text
	t.show(ctx, "running")
}

func (t *rotationReport) soaks(ctx workflow.Context, until time.Time) {
	t.state.SoakUntil = until
	t.waits(ctx, "both versions are good until "+until.UTC().Format(time.RFC1123))
}

func (t *rotationReport) goesForward(ctx workflow.Context) {
	t.state.Forward = true
	t.waits(ctx, "it only goes forward from here")
}

// ended shows and marks the outcome.
func (t *rotationReport) ended(ctx workflow.Context, result app.RotationResult) {
	t.close(ctx)
	t.state.Text, t.state.Sites = "", result.Sites
	text := string(result.Outcome)
	if f := result.Failure; f != nil {
		text += "\n\n" + f.Step + ": " + f.Message
	}
	for _, note := range result.Notes {
		text += "\n\n" + note
	}
	t.show(ctx, text)
	upsert(ctx, attributeOutcome.ValueSet(string(result.Outcome)))
}

// show tells the web UI.
func (t *rotationReport) show(ctx workflow.Context, outcome string) {
	title := "**" + t.line.String() + "**"
	if t.state.New != "" {
		title += " from version " + t.state.Old + " to " + t.state.New
	}
	lines := append([]string{title + " " + outcome, ""}, t.done...)
	if outcome == "running" {
		lines = append(lines, "- **"+string(t.state.Phase)+" …**")
	}
	if t.state.Text != "" {
		lines = append(lines, "", t.state.Text)
	}
	if len(t.state.Sites) > 0 {
		lines = append(lines, "", "| site | release | version |", "|---|---|---|")
	}
	for _, s := range t.state.Sites {
		lines = append(lines, fmt.Sprintf("| %s | %s | %s |", s.Site, s.Release, s.Version))
	}
	workflow.SetCurrentDetails(ctx, strings.Join(lines, "\n"))
}
