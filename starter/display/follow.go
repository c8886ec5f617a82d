package display

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/starter/run"
)

// Follower shows a run's views as they come. Show and Close are called from one goroutine.
type Follower interface {
	Show(run.View)
	// Close leaves the screen as it is to stay. It may be called more than once.
	Close()
}

// NewFollower shows a run on w. title names it.
func NewFollower(f Format, w io.Writer, title string) Follower {
	switch f {
	case TTY:
		return newScreen(w, title)
	case JSON:
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return &jsonLines{encoder: encoder}
	}
	p := &plainLines{w: w}
	p.print(Clean(title))
	return p
}

// How often one step's progress is told at most: in lines for programs, and in lines for people, who have them in logs.
const (
	progressEvery = time.Second
	plainEvery    = 10 * time.Second
)

// pace says when a step's progress is to be told again. The zero value is ready.
type pace struct{ told map[string]time.Time }

// turn says whether so much time has passed for a step since it last did.
func (p *pace) turn(id string, every time.Duration, now time.Time) bool {
	if now.Sub(p.told[id]) < every {
		return false
	}
	if p.told == nil {
		p.told = map[string]time.Time{}
	}
	p.told[id] = now
	return true
}

// jsonLines prints an object for each change.
type jsonLines struct {
	encoder *json.Encoder
	last    run.View
	pace    pace
}

func (j *jsonLines) Show(v run.View) {
	now := time.Now()
	for _, c := range changes(j.last, v, now) {
		if c.Event == eventProgress && !j.pace.turn(c.ID, progressEvery, now) {
			continue
		}
		// Nothing can be done about a reader that is gone, and the run goes on without it.
		_ = j.encoder.Encode(c)
	}
	j.last = v
}

func (j *jsonLines) Close() {}

// plainLines prints a line for each step's start and end, and now and then how far a long one has come.
type plainLines struct {
	w    io.Writer
	last run.View
	pace pace
}

func (p *plainLines) print(line string) { _, _ = fmt.Fprintln(p.w, line) }

func (p *plainLines) Show(v run.View) {
	now := time.Now()
	for _, c := range changes(p.last, v, now) {
		if c.Event == eventStart {
			p.pace.turn(c.ID, 0, now) // short steps tell nothing more than their ends
		}
		if c.Event == eventProgress && !p.pace.turn(c.ID, plainEvery, now) {
			continue
		}
		if line := plainLine(c); line != "" {
			p.print(line)
		}
	}
	p.last = v
}

func (p *plainLines) Close() {}

// plainLine is a change in one line; empty for those that only JSON tells.
func plainLine(c change) string {
	what := c.Text
	if c.Host != "" {
		what = c.Host + ": " + what
	}
	switch c.Event {
	case eventQueued:
		return fmt.Sprintf("queued  %d ahead: %s", c.Ahead, c.Text)
	case eventRun:
		if c.URL != "" {
			return "web UI  " + c.URL
		}
	case eventQuestion:
		return "ask     " + strings.Join(c.Question.lines(c.At), "\n      ")
	case eventDecided:
		return "resume  it is decided"
	case eventStart:
		return "start   " + what
	case eventRetry:
		line := "retry   " + what
		if c.Attempt > 1 {
			line += fmt.Sprintf(" (attempt %d)", c.Attempt)
		}
		if c.Problem != "" {
			line += ": " + c.Problem
		}
		return line
	case eventProgress:
		switch {
		case c.Unit == "bytes" && c.Total > 0:
			return fmt.Sprintf("%-7s %s (%s of %s%s)", "sent", what, Bytes(c.Done), Bytes(c.Total), saved(c.Saved))
		case c.Total == 0 && c.Done == 0 && c.Note != "": // other counts rush by; a step that only waits says so
			return "        " + what + ": " + c.Note
		}
	case eventEnd:
		return plainEnd(c, what)
	case eventPhase:
		return "phase   " + phaseText(c.Text, c.Note, c.Forward)
	case eventVersion:
		return fmt.Sprintf("site    %s has version %s", c.Site, c.Version)
	case eventWaiting:
		return "wait    " + c.Text
	case eventResumed:
		return "resume  goes on"
	case eventCancel:
		return "cancel  was asked for; undoing what was done"
	}
	return ""
}

func plainEnd(c change, what string) string {
	word := map[run.State]string{run.Done: "done", run.Failed: "FAILED", run.Cancelled: "stopped"}[c.State]
	line := fmt.Sprintf("%-7s %s (%s", word, what, Duration(time.Duration(*c.DurationMS)*time.Millisecond))
	if c.Unit == "bytes" && c.Done > 0 {
		line += ", " + Bytes(c.Done) + saved(c.Saved)
	}
	line += ")"
	if c.State == run.Failed && c.Problem != "" {
		line += ": " + c.Problem
	}
	return strings.TrimRight(line, " ")
}
