package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/host"
)

// Command is a program to run on the host. The streams may be nil. Stdin may still be read for a moment after Run has
// returned; the others are not written to any more.
type Command struct {
	Args   []string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// Run runs a command to its end. One that ran and failed is a *host.ExitError. When ctx ends it is given up: its streams
// are closed and it is killed where the server allows that, but it may go on.
func (c *Client) Run(ctx context.Context, cmd Command) error {
	line, err := commandLine(cmd.Args)
	if err != nil {
		return fmt.Errorf("run %q: %w", name(cmd.Args), err)
	}
	l, err := c.link(ctx)
	if err != nil {
		return err
	}
	session, release, err := l.session(ctx, false)
	if err != nil {
		return fmt.Errorf("run %s: %w", name(cmd.Args), err)
	}
	defer release()
	tail := host.NewTail(host.StderrLimit)
	out, errs := newGate(cmd.Stdout), newGate(cmd.Stderr, tail)
	defer out.shut()
	defer errs.shut()
	session.Stdin, session.Stdout, session.Stderr = cmd.Stdin, out, errs
	_, err = await(ctx, l, func() (struct{}, error) { return struct{}{}, session.Run(line) }, func(struct{}) {})
	if err != nil && (ctx.Err() != nil || l.gone()) {
		go abandon(session)
	} else {
		_ = session.Close()
	}
	return l.outcome(name(cmd.Args), err, tail)
}

// abandon ends a session that nobody waits for. The line may be cut, so that even this can block for a while.
func abandon(session *ssh.Session) {
	_ = session.Signal(ssh.SIGKILL)
	_ = session.Close()
}

// outcome turns the end of a session into this package's errors.
func (l *link) outcome(program string, err error, stderr *host.Tail) error {
	var exit *ssh.ExitError
	var vanished *ssh.ExitMissingError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		code := exit.ExitStatus()
		if exit.Signal() != "" && code == 0 {
			code = 128
		}
		return &host.ExitError{Command: program, Code: code, Stderr: host.Last(stderr.Bytes(), host.StderrLimit)}
	case errors.As(err, &vanished):
		return fmt.Errorf("run %s: %w", program, l.lost())
	default:
		return fmt.Errorf("run %s: %w", program, err)
	}
}

func name(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return path.Base(args[0])
}

// gate passes writes on until it is shut: a session that was given up may still write.
type gate struct {
	mu      sync.Mutex
	writers []io.Writer
}

func newGate(writers ...io.Writer) *gate {
	g := &gate{}
	for _, w := range writers {
		if w != nil {
			g.writers = append(g.writers, w)
		}
	}
	return g
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range g.writers {
		if n, err := w.Write(p); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.writers = nil
}
