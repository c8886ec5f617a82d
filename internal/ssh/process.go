package ssh

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/host"
)

// Process is a program that runs on the host until it ends or is closed. Reading, writing and closing may happen at
// once.
type Process struct {
	program string
	link    *link
	session *ssh.Session
	stdin   io.WriteCloser
	stdout  io.Reader
	stderr  *host.Tail
	done    chan struct{}
	err     error
	once    sync.Once
	writing sync.Mutex // the library lets nobody end a stream that somebody writes to
}

// endGrace is how long a failed write waits for the program's own end.
const endGrace = time.Second

// Start starts a command that is held open for long, such as a lock or a relay. At most six are held at once; others
// wait. ctx bounds the start alone.
func (c *Client) Start(ctx context.Context, args ...string) (*Process, error) {
	line, err := commandLine(args)
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", name(args), err)
	}
	l, err := c.link(ctx)
	if err != nil {
		return nil, err
	}
	session, release, err := l.session(ctx, true)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name(args), err)
	}
	p := &Process{program: name(args), link: l, session: session, stderr: host.NewTail(host.StderrLimit), done: make(chan struct{})}
	session.Stderr = p.stderr
	failed := func(err error) (*Process, error) {
		release()
		go abandon(session)
		return nil, fmt.Errorf("start %s: %w", p.program, err)
	}
	if p.stdin, err = session.StdinPipe(); err != nil {
		return failed(err)
	}
	if p.stdout, err = session.StdoutPipe(); err != nil {
		return failed(err)
	}
	if _, err := await(ctx, l, func() (struct{}, error) { return struct{}{}, session.Start(line) }, func(struct{}) {}); err != nil {
		return failed(err)
	}
	go func() {
		p.err = l.outcome(p.program, session.Wait(), p.stderr)
		_ = session.Close()
		release()
		close(p.done)
	}()
	return p, nil
}

// Read reads the program's standard output. At its end it answers how the program ended, io.EOF where well.
func (p *Process) Read(b []byte) (int, error) {
	n, err := p.stdout.Read(b)
	if err == nil || n > 0 {
		return n, nil
	}
	if p.link.gone() {
		return 0, p.link.lost()
	}
	<-p.done
	if p.err != nil {
		return 0, p.err
	}
	return 0, io.EOF
}

// Write writes to the program's standard input.
func (p *Process) Write(b []byte) (int, error) {
	p.writing.Lock()
	n, err := p.stdin.Write(b)
	p.writing.Unlock()
	if err == nil {
		return n, nil
	}
	if p.link.gone() {
		return n, p.link.lost()
	}
	// A program that ended by itself says more than the broken pipe to it, and its end arrives with or just after that.
	select {
	case <-p.done:
	case <-time.After(endGrace):
	}
	if ended := p.Err(); ended != nil {
		return n, ended
	}
	return n, fmt.Errorf("write to %s: %w", p.program, err)
}

// CloseWrite ends the program's standard input, after what is being written.
func (p *Process) CloseWrite() error {
	p.writing.Lock()
	defer p.writing.Unlock()
	return p.stdin.Close()
}

// Done is closed once the program has ended or the connection is lost.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how the program ended; nil before Done is closed, and after it where it ended well.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Close gives the program up, and with it ends its standard input. It does not wait for its end.
func (p *Process) Close() error {
	p.once.Do(func() { go func() { _ = p.session.Close() }() })
	return nil
}
