package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// MemoBy is the memo of a run with who asked for it.
const MemoBy = "by"

// What the state and the web UI tell of: the last so many.
const (
	shownEnded   = 50
	detailsEnded = 10
)

// state answers QueryState.
func (s *site) state(question StateQuery) (SiteState, error) {
	q := s.queue()
	state := SiteState{Current: s.Current, Fence: s.Fence, Freeze: s.Freeze, Behind: s.Behind, Hosts: s.Hosts}
	if q.Running != nil {
		running := q.Running.shown()
		state.Running = &running
	}
	for _, w := range q.Waiting {
		state.Queue = append(state.Queue, w.shown())
	}
	for i, e := range q.Ended {
		if i < shownEnded || (question.Request != "" && e.ID == question.Request) {
			state.Ended = append(state.Ended, e)
		}
	}
	return state, nil
}

// show tells the web UI what the site does.
func (s *site) show(ctx workflow.Context) {
	q := s.queue()
	lines := []string{"**" + s.id.String() + "** " + s.doing()}
	if s.Current != "" {
		lines = append(lines, "serves "+s.Current)
	}
	if s.Freeze != nil {
		lines = append(lines, "frozen by "+who(s.Freeze.By)+until(s.Freeze.Until))
	}
	if len(s.Behind) > 0 {
		lines = append(lines, "left behind: "+strings.Join(s.Behind, ", "))
	}
	if len(q.Waiting) > 0 {
		lines = append(lines, "", fmt.Sprintf("%d wait:", len(q.Waiting)))
	}
	for _, w := range q.Waiting[:min(len(q.Waiting), detailsEnded)] {
		lines = append(lines, "- "+w.Request.summary()+", by "+who(w.Request.order().By))
	}
	if len(q.Ended) > 0 {
		lines = append(lines, "", "ended last:")
	}
	for _, e := range q.Ended[:min(len(q.Ended), detailsEnded)] {
		lines = append(lines, "- "+ended(e))
	}
	workflow.SetCurrentDetails(ctx, strings.Join(lines, "\n"))
}

func (s *site) doing() string {
	if run := s.queue().Running; run != nil {
		return "runs " + run.WorkflowID
	}
	return "waits for requests"
}

func ended(e EndedRun) string {
	text := e.EndedAt.UTC().Format(time.DateTime) + " " + string(e.Kind)
	if e.Release != "" {
		text += " " + e.Release
	}
	text += ": " + string(e.Outcome)
	if e.Returned {
		text += ", returned to " + e.Previous
	}
	if e.BrokeFreeze {
		text += ", in spite of a freeze"
	}
	if e.Problem != "" {
		text += " (" + e.Problem + ")"
	}
	return text
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " until " + t.UTC().Format(time.DateTime)
}

// summary names a request's run in one line.
func (r Request) summary() string {
	site := r.site()
	project := site.Project
	if site.Org != app.DefaultOrg {
		project = site.Org + "/" + project
	}
	words := []string{string(r.Kind), project, site.Name}
	if source := r.source(); source != "" {
		words = append(words, cut(source))
	}
	return strings.Join(words, " ")
}

// details tells the web UI's reader, in Markdown, what was asked for.
func (r Request) details() string {
	order := r.order()
	lines := []string{
		"**Site** " + r.site().String() + " on " + strings.Join(hostNames(r.hosts()), ", "),
		"**By** " + who(order.By),
	}
	if order.Why != "" {
		lines = append(lines, "**Why** "+cut(order.Why))
	}
	if r.Deploy != nil {
		source := r.Deploy.Spec.Source
		what := "**Source** " + source.ID
		if source.Subject != "" {
			what += ": " + cut(source.Subject)
		}
		if source.Dirty {
			what += " (with changes that are not committed)"
		}
		lines = append(lines, what)
	}
	if r.Recorded != nil && len(r.Recorded.Secrets) > 0 {
		var names []string
		for _, s := range r.Recorded.Secrets {
			names = append(names, s.Name+" "+s.Version)
		}
		lines = append(lines, "**Secrets** "+cut(strings.Join(names, ", ")))
	}
	return strings.Join(lines, "\n\n")
}

func hostNames(hosts []app.Host) []string {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	return names
}
