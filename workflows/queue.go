package workflows

import (
	"slices"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// The bounds of a queue. All of it travels in one payload when the site's workflow continues as new, which the engine
// refuses beyond 2 MiB: JSON of that size is compressed to three quarters at most, whatever is in it.
const (
	maxWaiting      = 500
	maxWaitingBytes = 2 << 20
	// maxEnded is how many ended requests are remembered, so that a repeat of one is known.
	maxEnded = 500
	// maxText bounds what is kept of a user's or a failure's text, in runes.
	maxText = 300
)

// queue is a site's requests in the order in which they came, at most one of them under way, and what became of the
// last ones. It is plain data: it knows neither the engine nor the clock.
type queue struct {
	Waiting []queued   `json:"waiting,omitempty"` // the next first
	Running *queued    `json:"running,omitempty"`
	Ended   []EndedRun `json:"ended,omitempty"` // the last first
	// Doubtful are the workflow ids of requests that left the queue before their turn. A reset repeats what was asked, but
	// at another time: what leaves the queue then may have run before.
	Doubtful []string `json:"doubtful,omitempty"`
}

// queued is a request that has not ended.
type queued struct {
	Request    Request   `json:"request"`
	WorkflowID string    `json:"workflow_id"`
	At         time.Time `json:"at"`
	Since      time.Time `json:"since,omitzero"` // under way
	// Size is the request's length as JSON, in bytes.
	Size int `json:"size"`
	// BrokeFreeze says that a freeze was in force, and overridden.
	BrokeFreeze bool `json:"broke_freeze,omitempty"`
	// Earlier is what was shown of an adopted run before, where it was known; its Request has no input then.
	Earlier *Waiting `json:"earlier,omitempty"`
	// Withdrawn is who wanted it to end once it was under way; empty for nobody.
	Withdrawn string `json:"withdrawn,omitempty"`
}

// known answers a request that the queue has had already.
func (q *queue) known(id string) (Accepted, bool) {
	if q.Running != nil && q.Running.Request.ID == id {
		return Accepted{WorkflowID: q.Running.WorkflowID}, true
	}
	if i := q.waiting(id); i >= 0 {
		return Accepted{WorkflowID: q.Waiting[i].WorkflowID, Ahead: q.ahead(i)}, true
	}
	for _, e := range q.Ended {
		if e.ID == id {
			return Accepted{WorkflowID: e.WorkflowID}, true
		}
	}
	return Accepted{}, false
}

// full says why a request does not fit; nil where it does. What it would supersede does not count.
func (q *queue) full(r Request, size int) *app.Failure {
	waiting, bytes := 0, 0
	for _, w := range q.Waiting {
		if !supersedes(r, w) {
			waiting++
			bytes += w.Size
		}
	}
	if waiting < maxWaiting && bytes+size <= maxWaitingBytes {
		return nil
	}
	return &app.Failure{
		Kind: app.KindQueueFull, Step: "queue",
		Message: "too many requests wait for the site",
		Advice:  "Wait until some have ended, withdraw some with longshore cancel, or replace those that wait with --supersede.",
	}
}

func supersedes(r Request, w queued) bool { return r.Supersede && w.Request.Kind == r.Kind }

// add puts a request at the end, and ends those that it supersedes. The caller has asked known and full.
func (q *queue) add(n queued) Accepted {
	accepted := Accepted{WorkflowID: n.WorkflowID}
	var stay []queued
	for _, w := range q.Waiting {
		if !supersedes(n.Request, w) {
			stay = append(stay, w)
			continue
		}
		accepted.Superseded = append(accepted.Superseded, w.Request.ID)
		q.leave(w, app.Superseded, n.At, "superseded by "+n.Request.ID)
	}
	q.Waiting = append(stay, n)
	accepted.Ahead = q.ahead(len(q.Waiting) - 1)
	return accepted
}

// withdraw takes a waiting request out of the queue, or notes that the one under way is to end; an empty id means the
// latter. It answers nil for a request that is neither.
func (q *queue) withdraw(w Withdrawal, now time.Time) *queued {
	if r := q.Running; r != nil && (w.ID == "" || w.ID == r.Request.ID) {
		r.Withdrawn = who(w.By)
		return r
	}
	i := q.waiting(w.ID)
	if i < 0 {
		return nil
	}
	out := q.Waiting[i]
	q.Waiting = slices.Delete(q.Waiting, i, i+1)
	q.leave(out, app.Cancelled, now, "withdrawn by "+who(w.By))
	return &out
}

// leave ends a request before its turn.
func (q *queue) leave(r queued, outcome app.Outcome, now time.Time, problem string) {
	q.Doubtful = append(q.Doubtful, r.WorkflowID)
	q.ended(r, app.Result{Outcome: outcome}, now, problem)
}

// withdrawable says whether withdraw would find a request.
func (q *queue) withdrawable(id string) bool {
	return q.waiting(id) >= 0 || (q.Running != nil && (id == "" || id == q.Running.Request.ID))
}

// failedInARow counts the last runs that ended, as far as they were of a kind and failed.
func (q *queue) failedInARow(kind app.RunKind) int {
	for i, e := range q.Ended {
		if e.Kind != kind || e.Outcome == app.Succeeded || e.Outcome == app.Unchanged || e.Outcome == app.Partial {
			return i
		}
	}
	return len(q.Ended)
}

// begin takes the next request under way; it answers nil where none waits. None may be under way.
func (q *queue) begin(now time.Time) *queued {
	if len(q.Waiting) == 0 {
		return nil
	}
	next := q.Waiting[0]
	q.Waiting = slices.Delete(q.Waiting, 0, 1)
	next.Since = now
	q.Running = &next
	return q.Running
}

// adopt takes a run under way that was found going on: that of a waiting request, or one that the queue has not begun.
func (q *queue) adopt(workflowID string, now time.Time) *queued {
	i := slices.IndexFunc(q.Waiting, func(w queued) bool { return w.WorkflowID == workflowID })
	found := queued{WorkflowID: workflowID, At: now}
	if i >= 0 {
		found = q.Waiting[i]
		q.Waiting = slices.Delete(q.Waiting, i, i+1)
	} else {
		found.Request.Kind, found.Request.ID = parseRunID(workflowID)
	}
	for _, e := range q.Ended {
		if e.WorkflowID == workflowID {
			found.Earlier = &e.Waiting
		}
	}
	found.Since = now
	q.Running = &found
	return q.Running
}

// end notes how the run under way has ended.
func (q *queue) end(result app.Result, now time.Time) {
	run := *q.Running
	q.Running = nil
	problem := ""
	if result.Failure != nil {
		problem = result.Failure.Message
	}
	if problem == "" && run.Withdrawn != "" && result.Outcome == app.Cancelled {
		problem = "withdrawn by " + run.Withdrawn
	}
	q.ended(run, result, now, problem)
}

// ended remembers a request that has ended, in place of an earlier end of the same.
func (q *queue) ended(r queued, result app.Result, now time.Time, problem string) {
	q.Ended = slices.DeleteFunc(q.Ended, func(e EndedRun) bool { return e.WorkflowID == r.WorkflowID })
	e := EndedRun{
		Waiting: r.shown(), Outcome: result.Outcome, Release: result.Release, Previous: result.Previous,
		Returned: result.Returned, EndedAt: now, BrokeFreeze: r.BrokeFreeze, Problem: cut(problem),
	}
	q.Ended = slices.Insert(q.Ended, 0, e)
	q.Ended = q.Ended[:min(len(q.Ended), maxEnded)]
}

func (q *queue) waiting(id string) int {
	return slices.IndexFunc(q.Waiting, func(w queued) bool { return w.Request.ID == id })
}

// ahead is how many requests are before the i-th that waits.
func (q *queue) ahead(i int) int {
	if q.Running != nil {
		return i + 1
	}
	return i
}

// shown is the request as the site's state tells of it.
func (r queued) shown() Waiting {
	if r.Earlier != nil {
		return *r.Earlier
	}
	order := r.Request.order()
	return Waiting{
		ID: r.Request.ID, Kind: r.Request.Kind, WorkflowID: r.WorkflowID, By: cut(order.By), Why: cut(order.Why),
		Source: cut(r.Request.source()), At: r.At, Since: r.Since,
	}
}

// cut bounds a text that is kept for long.
func cut(text string) string {
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return text
}

func who(by string) string {
	if by == "" {
		return "someone"
	}
	return cut(by)
}
