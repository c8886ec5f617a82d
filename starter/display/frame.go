package display

import (
	"fmt"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/starter/run"
)

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

// frame is the view as lines: a block for each host, and first what concerns none. Where it would take more than room
// lines (0 means no bound), each block's finished steps are counted in one line instead.
func frame(p paint, title string, v run.View, now time.Time, tick, room int) []string {
	lines := assemble(p, title, v, now, tick, false)
	if room > 0 && len(lines) > room {
		lines = assemble(p, title, v, now, tick, true)
	}
	if room > 0 && len(lines) > room {
		lines = append(lines[:room-1], p.dim(fmt.Sprintf("… and %d more lines", len(lines)-room+1)))
	}
	return lines
}

func assemble(p paint, title string, v run.View, now time.Time, tick int, fold bool) []string {
	head := p.bold(Clean(title))
	if !v.Started.IsZero() {
		head += "  " + p.dim(Duration(v.Elapsed(now)))
	}
	lines := []string{head}
	if v.URL != "" {
		lines = append(lines, p.dim(v.URL))
	}
	if n := len(v.Ahead); n > 0 {
		lines = append(lines, p.yellow(fmt.Sprintf("waits for its turn, %d ahead: %s", n, aheadText(v.Ahead))))
	}
	if r := v.Rotation; r != nil && v.Ended.IsZero() {
		lines = append(lines, p.bold(phaseText(string(r.Phase), r.Text, r.Forward)))
		for _, s := range r.Sites {
			lines = append(lines, p.dim(fmt.Sprintf("  %s has version %s", Clean(s.Site), Clean(s.Version))))
		}
	}
	for _, block := range blocks(v) {
		if block.host != "" {
			lines = append(lines, p.bold(Clean(block.host)))
		}
		over := 0
		for _, s := range block.steps {
			if fold && s.State == run.Done {
				over++
				continue
			}
			lines = append(lines, stepLine(p, s, now, tick))
		}
		if over > 0 {
			lines = append(lines, fmt.Sprintf("  %s %s", p.green("✓"), p.dim(fmt.Sprintf("%d steps done", over))))
		}
	}
	if v.Cancelled && v.Ended.IsZero() {
		lines = append(lines, p.yellow("cancelling: undoing what was done"))
	}
	if q := questionOf(v); q != nil {
		asked := q.lines(now)
		lines = append(append(lines, p.bold(p.yellow(asked[0]))), asked[1:]...)
	}
	if v.Waiting != "" {
		lines = append(lines, p.yellow(v.Waiting))
	}
	return lines
}

// block is the steps of one host, in their order.
type block struct {
	host  string
	steps []run.Step
}

// blocks groups steps by host, hosts in the order of their first step and those without a host first.
func blocks(v run.View) []block {
	out := []block{{}}
	index := map[string]int{"": 0}
	for _, s := range v.Steps {
		i, ok := index[s.Host]
		if !ok {
			i = len(out)
			index[s.Host] = i
			out = append(out, block{host: s.Host})
		}
		out[i].steps = append(out[i].steps, s)
	}
	return out
}

func stepLine(p paint, s run.Step, now time.Time, tick int) string {
	frames := []rune(spinner)
	mark := map[run.State]string{
		run.Queued:    p.dim("·"),
		run.Running:   p.yellow(string(frames[tick%len(frames)])),
		run.Done:      p.green("✓"),
		run.Failed:    p.red("✗"),
		run.Cancelled: p.dim("-"),
	}[s.State]
	line := fmt.Sprintf("  %s %s  %s", mark, oneLine(s.Text), p.dim(Duration(s.Elapsed(now))))
	if beat := beatText(s); beat != "" {
		line += "  " + p.dim(beat)
	}
	if s.Attempt > 1 && !s.State.Over() {
		line += "  " + p.yellow(fmt.Sprintf("attempt %d", s.Attempt))
	}
	if s.Problem != "" && s.State != run.Done {
		line += "  " + p.red(oneLine(s.Problem))
	}
	return line
}

// saved tells of bytes that need not be sent.
func saved(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return ", " + Bytes(bytes) + " saved"
}

// beatText is how far a step has come.
func beatText(s run.Step) string {
	var parts []string
	b := s.Beat
	switch {
	case b.Done == 0 && b.Total == 0:
	case b.Unit == "bytes" && b.Total > 0 && !s.State.Over():
		parts = append(parts, Bytes(b.Done)+" of "+Bytes(b.Total)+saved(b.Saved))
	case b.Unit == "bytes":
		parts = append(parts, Bytes(b.Done)+saved(b.Saved))
	case b.Total > 0 && !s.State.Over():
		parts = append(parts, fmt.Sprintf("%d of %d %s", b.Done, b.Total, b.Unit))
	default:
		parts = append(parts, fmt.Sprintf("%d %s", b.Done, b.Unit))
	}
	if b.Note != "" && !s.State.Over() {
		parts = append(parts, oneLine(b.Note))
	}
	return strings.TrimSpace(strings.Join(parts, "  "))
}
