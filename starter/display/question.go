package display

import (
	"time"

	"github.com/longshore-dev/longshore/starter/run"
)

// question is what a run waits for a person to decide.
type question struct {
	Text  string    `json:"text"`
	Yes   string    `json:"yes,omitempty"`
	No    string    `json:"no,omitempty"`
	Until time.Time `json:"until,omitzero"`
	// Approve and Reject are the commands that answer it.
	Approve string `json:"approve"`
	Reject  string `json:"reject"`
}

// questionOf is a view's question; nil where it has none.
func questionOf(v run.View) *question {
	if v.Question == nil {
		return nil
	}
	q := v.Question
	return &question{
		Text: Clean(q.Text), Yes: Clean(q.Yes), No: Clean(q.No), Until: q.Until,
		Approve: "longshore approve " + v.Handle, Reject: "longshore reject " + v.Handle,
	}
}

// lines are the question for a person: what is asked, how to answer, and until when.
func (q question) lines(now time.Time) []string {
	answer := func(command, follows string) string {
		if follows == "" {
			return "  " + command
		}
		return "  " + command + ": " + follows
	}
	lines := []string{q.Text, answer(q.Approve, q.Yes), answer(q.Reject, q.No)}
	if !q.Until.IsZero() {
		lines = append(lines, "  decided without an answer "+Until(q.Until, now))
	}
	return lines
}
