package display

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/starter/run"
)

// The events that lines and JSON tell of a run.
const (
	eventQueued   = "queued"
	eventRun      = "run-started"
	eventQuestion = "question"
	eventDecided  = "decided"
	eventCancel   = "cancel-requested"
	eventWaiting  = "waiting"
	eventResumed  = "resumed"
	eventStart    = "step-started"
	eventProgress = "step-progress"
	eventRetry    = "step-retrying"
	eventEnd      = "step-ended"
	eventPhase    = "phase"
	eventVersion  = "site-version"
	eventRunEnd   = "run-ended"
)

// change is what became different from one view to the next.
type change struct {
	Event string    `json:"event"`
	At    time.Time `json:"at"`
	Host  string    `json:"host,omitempty"`
	Step  string    `json:"step,omitempty"` // the activity's type
	ID    string    `json:"id,omitempty"`   // the activity's id, unique in the run
	Text  string    `json:"text,omitempty"`
	State run.State `json:"state,omitempty"`
	// DurationMS is set on events that end something.
	DurationMS *int64 `json:"duration_ms,omitempty"`
	Attempt    int    `json:"attempt,omitempty"`
	Problem    string `json:"problem,omitempty"`
	Done       int64  `json:"done,omitempty"`
	Total      int64  `json:"total,omitempty"`
	Saved      int64  `json:"saved,omitempty"`
	Unit       string `json:"unit,omitempty"`
	Note       string `json:"note,omitempty"`
	// Ahead is how many requests come before the run in its site's queue.
	Ahead int `json:"ahead,omitempty"`
	// URL is the run's page in the web UI, where it begins.
	URL      string    `json:"url,omitempty"`
	Question *question `json:"question,omitempty"`
	// Site has Version of the secret that is rotated.
	Site    string `json:"site,omitempty"`
	Version string `json:"version,omitempty"`
	// Forward says that a rotation does not go back any more.
	Forward bool `json:"forward,omitempty"`
}

// changes lists what became different, in order.
func changes(before, after run.View, now time.Time) []change {
	var out []change
	if !slices.Equal(before.Ahead, after.Ahead) && len(after.Ahead) > 0 {
		out = append(out, change{Event: eventQueued, At: now, Ahead: len(after.Ahead), Text: aheadText(after.Ahead)})
	}
	if before.Started.IsZero() && !after.Started.IsZero() {
		out = append(out, change{Event: eventRun, At: after.Started, URL: after.URL})
	}
	out = append(out, rotated(before.Rotation, after.Rotation, now)...)
	was, is := questionOf(before), questionOf(after)
	if was != nil && is == nil {
		out = append(out, change{Event: eventDecided, At: now})
	}
	for i, s := range after.Steps {
		if i >= len(before.Steps) {
			c := stepChange(eventStart, s)
			c.At = s.Scheduled
			out = append(out, c)
			if s.State.Over() {
				out = append(out, ended(s))
			}
			continue
		}
		was := before.Steps[i]
		switch {
		case was.State.Over():
		case s.State.Over():
			out = append(out, ended(s))
		case s.Attempt > was.Attempt && was.Attempt > 0 || s.Problem != was.Problem:
			c := stepChange(eventRetry, s)
			c.At = now
			out = append(out, c)
		case s.Beat != was.Beat:
			c := stepChange(eventProgress, s)
			c.At, c.Done, c.Total, c.Saved, c.Unit, c.Note = now, s.Beat.Done, s.Beat.Total, s.Beat.Saved, s.Beat.Unit, Clean(s.Beat.Note)
			out = append(out, c)
		}
	}
	if !before.Cancelled && after.Cancelled {
		out = append(out, change{Event: eventCancel, At: now})
	}
	if is != nil && (was == nil || *was != *is) {
		out = append(out, change{Event: eventQuestion, At: now, Question: is})
	}
	if before.Waiting != after.Waiting && after.Ended.IsZero() {
		if after.Waiting == "" {
			out = append(out, change{Event: eventResumed, At: now})
		} else {
			out = append(out, change{Event: eventWaiting, At: now, Text: after.Waiting})
		}
	}
	if before.Ended.IsZero() && !after.Ended.IsZero() {
		c := change{Event: eventRunEnd, At: after.Ended}
		c.DurationMS = new(after.Elapsed(after.Ended).Milliseconds())
		out = append(out, c)
	}
	return out
}

// most is how many requests of a queue are named; the others are counted.
const most = 3

// aheadText names the requests that come before a run: "deploy a1b2c3d by ann@desk, restart by ci and 2 more".
func aheadText(ahead []string) string {
	named := make([]string, 0, most)
	for _, request := range ahead[:min(most, len(ahead))] {
		named = append(named, oneLine(request))
	}
	text := strings.Join(named, ", ")
	if more := len(ahead) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func stepChange(event string, s run.Step) change {
	return change{
		Event: event, Host: s.Host, Step: s.Name, ID: s.ID, Text: oneLine(s.Text), State: s.State,
		Attempt: s.Attempt, Problem: oneLine(s.Problem),
	}
}

func ended(s run.Step) change {
	c := stepChange(eventEnd, s)
	c.At = s.Ended
	c.DurationMS = new(s.Elapsed(s.Ended).Milliseconds())
	c.Done, c.Total, c.Saved, c.Unit = s.Beat.Done, s.Beat.Total, s.Beat.Saved, s.Beat.Unit
	return c
}
