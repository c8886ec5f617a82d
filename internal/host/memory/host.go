package memory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path"
	"sync"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Host is one opening of a machine.
type Host struct {
	machine *Machine
	once    sync.Once
	closed  chan struct{}
}

var _ host.Host = (*Host)(nil)

var errClosed = errors.New("the host is closed")

// Opener opens machines by the host's name, with the state folder that the host names.
func Opener(machines ...*Machine) host.Opener { return opener(machines) }

type opener []*Machine

func (o opener) Open(_ context.Context, h app.Host) (host.Host, error) {
	for _, m := range o {
		if m.name == h.Name {
			if h.StateDir != "" {
				m.mu.Lock()
				m.root = path.Clean(h.StateDir)
				m.mu.Unlock()
			}
			return m.Host(), nil
		}
	}
	return nil, fmt.Errorf("%w: there is no machine %q", host.ErrSettings, h.Name)
}

// Name is the machine's name.
func (h *Host) Name() string { return h.machine.name }

// Engine is the simulated engine.
func (h *Host) Engine() host.Engine { return &engine{host: h, machine: h.machine} }

// Files is the simulated state folder.
func (h *Host) Files() host.Files { return &files{host: h, machine: h.machine} }

// Close ends this opening. What it has under way fails, and its locks are given up.
func (h *Host) Close() error {
	h.once.Do(func() {
		close(h.closed)
		m := h.machine
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, l := range m.locks {
			l.dropAll(h)
		}
		m.changed()
	})
	return nil
}

// begin is the start of every call: it is written down, and fails where a test wants it to. line is closed once the
// connection is cut.
func (h *Host) begin(ctx context.Context, name, subject string) (line <-chan struct{}, err error) {
	m := h.machine
	op := Op{Name: name, Subject: subject}
	select {
	case <-h.closed:
		return nil, errClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.Lock()
	m.ops = append(m.ops, op)
	before := m.before
	line = m.line
	m.mu.Unlock()
	if before != nil {
		if err := before(ctx, op); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, ok := m.faults[name]; ok {
		if f.once {
			delete(m.faults, name)
		}
		return nil, fmt.Errorf("%s: %s %s: %w", m.name, name, subject, f.err)
	}
	if m.unreachable {
		return nil, fmt.Errorf("%w: %s: no route to it", host.ErrUnreachable, m.name)
	}
	return line, nil
}

// await waits until done answers true, asking again whenever something changes and after next, where that is above 0.
// Both are called with the machine locked.
func (h *Host) await(ctx context.Context, line <-chan struct{}, done func() (ok bool, next time.Duration)) error {
	m := h.machine
	for {
		m.mu.Lock()
		ok, next := done()
		wake := m.wake
		m.mu.Unlock()
		if ok {
			return nil
		}
		var timer <-chan time.Time
		if next > 0 {
			timer = time.After(next)
		}
		select {
		case <-wake:
		case <-timer:
		case <-line:
			return m.lost()
		case <-h.closed:
			return errClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// pause lets time pass in a call.
func (h *Host) pause(ctx context.Context, line <-chan struct{}, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-line:
		return h.machine.lost()
	case <-h.closed:
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Run runs a command that changes the state folder on its own, and hands others to what OnRun was given.
func (h *Host) Run(ctx context.Context, cmd host.Command) (host.Output, error) {
	if len(cmd.Args) == 0 || cmd.Args[0] == "" {
		return host.Output{}, errors.New("a command needs a program")
	}
	program := path.Base(cmd.Args[0])
	line, err := h.begin(ctx, "Run", program)
	if err != nil {
		return host.Output{}, err
	}
	if output, done, err := h.machine.fileCommand(cmd.Args); done {
		return output, err
	}
	h.machine.mu.Lock()
	run := h.machine.run
	h.machine.mu.Unlock()
	if run == nil {
		return host.Output{}, &host.ExitError{Command: program, Code: 127, Stderr: "command not found"}
	}
	return h.call(ctx, line, func(ctx context.Context) (host.Output, error) { return run(ctx, cmd) })
}

// call has a function of the test answer, until the connection is cut or closed.
func (h *Host) call(ctx context.Context, line <-chan struct{}, f func(context.Context) (host.Output, error)) (host.Output, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type answer struct {
		output host.Output
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		output, err := f(ctx)
		answers <- answer{output, err}
	}()
	select {
	case a := <-answers:
		return a.output, a.err
	case <-line:
		cancel(h.machine.lost())
		return host.Output{}, h.machine.lost()
	case <-h.closed:
		cancel(errClosed)
		return host.Output{}, errClosed
	case <-ctx.Done():
		return host.Output{}, context.Cause(ctx)
	}
}

// Dial connects to what Listen was given.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	line, err := h.begin(ctx, "Dial", address)
	if err != nil {
		return nil, err
	}
	m := h.machine
	m.mu.Lock()
	handle, ok := m.listeners[network+" "+address]
	m.mu.Unlock()
	switch {
	case network != "unix" && network != "tcp":
		return nil, fmt.Errorf("dial %s: network %q is neither unix nor tcp", address, network)
	case !ok && network == "unix":
		return nil, fmt.Errorf("%w: %s: socket %s", host.ErrNotFound, m.name, address)
	case !ok:
		return nil, fmt.Errorf("%s: dial %s: %w", m.name, address, syscall.ECONNREFUSED)
	}
	near, far := net.Pipe()
	conn := &conn{Conn: near, machine: m, line: line, done: make(chan struct{})}
	go func() {
		select {
		case <-line:
		case <-h.closed:
		case <-conn.done:
		}
		_ = near.Close()
		_ = far.Close()
	}()
	go handle(far)
	return conn, nil
}

// conn tells a cut from the far end's closing.
type conn struct {
	net.Conn
	machine *Machine
	line    <-chan struct{}
	once    sync.Once
	done    chan struct{}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

func (c *conn) explain(err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-c.line:
		return c.machine.lost()
	default:
		return err
	}
}

func (c *conn) Close() error {
	c.once.Do(func() { close(c.done) })
	return c.Conn.Close()
}
