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
	p := &plainLines{w: w, told: map[string]time.Time{}}
	p.print(Clean(title))
	return p
}

// progressEvery bounds how often one step's progress is told in lines.
const progressEvery = time.Second

// jsonLines prints an object for each change.
type jsonLines struct {
	encoder *json.Encoder
	last    run.View
	told    map[string]time.Time // of each step's progress
}

func (j *jsonLines) Show(v run.View) {
	now := time.Now()
	for _, c := range changes(j.last, v, now) {
		if c.Event == eventProgress {
			if now.Sub(j.told[c.ID]) < progressEvery {
				continue
			}
			if j.told == nil {
				j.told = map[string]time.Time{}
			}
			j.told[c.ID] = now
		}
		// Nothing can be done about a reader that is gone, and the run goes on without it.
		_ = j.encoder.Encode(c)
	}
	j.last = v
}

func (j *jsonLines) Close() {}

// noteEvery is how often lines tell what a step that takes its time has to say, such as how long it goes on.
const noteEvery = 10 * time.Second

// plainLines prints a line for each step's start and end, and now and then one for what it says of itself.
type plainLines struct {
	w    io.Writer
	last run.View
	told map[string]time.Time // of each step
}

func (p *plainLines) print(line string) { _, _ = fmt.Fprintln(p.w, line) }

func (p *plainLines) Show(v run.View) {
	for _, c := range changes(p.last, v, time.Now()) {
		if c.Event == eventProgress && c.At.Sub(p.told[c.ID]) < noteEvery {
			continue
		}
		if c.ID != "" {
			p.told[c.ID] = c.At
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
		// Counts and bytes rush by; a step that only waits says so in its note.
		if c.Total == 0 && c.Done == 0 && c.Note != "" {
			return "        " + what + ": " + c.Note
		}
	case eventEnd:
		return plainEnd(c, what)
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
		line += ", " + Bytes(c.Done)
	}
	line += ")"
	if c.State == run.Failed && c.Problem != "" {
		line += ": " + c.Problem
	}
	return strings.TrimRight(line, " ")
}
