package memory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

// ContainerLogs answers the last lines.
func (e *engine) ContainerLogs(ctx context.Context, id string, lines int) ([]string, error) {
	if _, err := e.begin(ctx, "ContainerLogs", id); err != nil {
		return nil, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	c, err := e.container(id)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, l := range c.lines[max(0, len(c.lines)-max(lines, 0)):] {
		texts = append(texts, l.text)
	}
	return texts, nil
}

// ContainerFollow writes the lines, and those to come.
func (e *engine) ContainerFollow(ctx context.Context, id string, opts host.FollowOptions, stdout, stderr io.Writer) error {
	line, err := e.begin(ctx, "ContainerFollow", id)
	if err != nil {
		return err
	}
	next, started := 0, false
	for ended := false; !ended; {
		var due []lineOut
		var missing error
		err := e.host.await(ctx, line, func() (bool, time.Duration) {
			c, err := e.container(id)
			if err != nil {
				missing = err
				return true, 0
			}
			if !started && opts.Tail >= 0 {
				next = max(0, len(c.lines)-opts.Tail)
			}
			started = true
			due, next = linesFrom(c, next, opts), len(c.lines)
			ended = !opts.Follow || c.status != running && c.status != restarting
			return len(due) > 0 || ended, c.until(time.Now())
		})
		if err := errors.Join(err, missing); err != nil {
			return err
		}
		for _, l := range due {
			to := stdout
			if l.stderr {
				to = stderr
			}
			if _, err := io.WriteString(to, l.text); err != nil {
				return fmt.Errorf("follow container %s: %w", id, err)
			}
		}
	}
	return nil
}

// lineOut is a line as a follower gets it.
type lineOut struct {
	stderr bool
	text   string
}

func linesFrom(c *container, next int, opts host.FollowOptions) []lineOut {
	var out []lineOut
	for _, l := range c.lines[min(next, len(c.lines)):] {
		if l.at.Before(opts.Since) {
			continue
		}
		text := l.text + "\n"
		if opts.Timestamps {
			text = l.at.UTC().Format(time.RFC3339Nano) + " " + text
		}
		out = append(out, lineOut{l.stderr, text})
	}
	return out
}

// Print has a container print a line now, by id or name. It answers false where there is none.
func (m *Machine) Print(id, text string, stderr bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.containers {
		if c.id == id || c.name == id {
			c.lines = append(c.lines, line{at: time.Now(), stderr: stderr, text: text})
			m.changed()
			return true
		}
	}
	return false
}
