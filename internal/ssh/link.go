package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/host"
)

// sshd allows ten sessions on one connection. Two are left to the user's own configuration of it; and long-held ones
// never take the last two of ours, so that short commands always get through.
const (
	sessionLimit = 8
	heldLimit    = 6
)

// link is one live connection. It is never mended: once broken, the client makes another.
type link struct {
	name     string
	client   *ssh.Client
	wire     *wire
	below    *link // the jump host's connection that carries this one; nil for none
	sessions chan struct{}
	held     chan struct{}
	done     chan struct{} // closed once the connection is gone
}

// wire counts what arrives, as the sign of life, and notes that the connection broke before anything above it can see.
type wire struct {
	net.Conn
	arrived atomic.Int64
	broken  atomic.Bool
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.arrived.Add(int64(n))
	if err != nil {
		w.broken.Store(true)
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if err != nil {
		w.broken.Store(true)
	}
	return n, err
}

func newLink(name string, client *ssh.Client, w *wire, below *link, alive KeepAlive) *link {
	l := &link{
		name:     name,
		client:   client,
		wire:     w,
		below:    below,
		sessions: make(chan struct{}, sessionLimit),
		held:     make(chan struct{}, heldLimit),
		done:     make(chan struct{}),
	}
	go func() {
		// Why it ended is of no use: whoever was using it gets ErrUnreachable.
		_ = client.Wait()
		w.broken.Store(true)
		close(l.done)
		l.close()
	}()
	go l.keepAlive(alive)
	return l
}

// keepAlive closes the connection once nothing has arrived for a number of intervals. Anything that arrives counts: an
// answer may wait behind a transfer on a slow line.
func (l *link) keepAlive(alive KeepAlive) {
	ticker := time.NewTicker(alive.Interval)
	defer ticker.Stop()
	var asked atomic.Bool
	seen, missed := l.wire.arrived.Load(), 0
	for {
		select {
		case <-l.done:
			return
		case <-ticker.C:
		}
		if now := l.wire.arrived.Load(); now != seen {
			seen, missed = now, 0
		} else if missed++; missed >= alive.Misses {
			l.close()
			return
		}
		if asked.CompareAndSwap(false, true) {
			go func() {
				// Any answer will do, and a lost one shows in what arrives.
				_, _, _ = l.client.SendRequest("keepalive@openssh.com", true, nil)
				asked.Store(false)
			}()
		}
	}
}

// gone says whether the connection broke.
func (l *link) gone() bool { return l.wire.broken.Load() }

// close ends the connection and those that carry it. Everything that uses it fails.
func (l *link) close() {
	l.wire.broken.Store(true)
	// The raw connection is closed, not the SSH one: that would wait for its turn to say goodbye on a line that is cut.
	_ = l.wire.Close()
	if l.below != nil {
		l.below.close()
	}
}

// lost is the error of what was under way when the connection broke.
func (l *link) lost() error {
	return fmt.Errorf("%w: the SSH connection to %s was lost", host.ErrUnreachable, l.name)
}

// acquire waits for a free session. Held ones are those that stay open for long.
func (l *link) acquire(ctx context.Context, held bool) (release func(), err error) {
	slots := []chan struct{}{l.sessions}
	if held {
		slots = []chan struct{}{l.held, l.sessions}
	}
	taken := make([]chan struct{}, 0, len(slots))
	release = func() {
		for _, slot := range taken {
			<-slot
		}
	}
	for _, slot := range slots {
		select {
		case slot <- struct{}{}:
			taken = append(taken, slot)
		case <-l.done:
			release()
			return nil, l.lost()
		case <-ctx.Done():
			release()
			return nil, fmt.Errorf("wait for a free SSH session on %s: %w", l.name, context.Cause(ctx))
		}
	}
	return release, nil
}

// refusedRetry is how long to wait before asking again for a session that the server had no room for.
const refusedRetry = 100 * time.Millisecond

// session opens a session. A server that is set up for fewer than we use is asked again while others of ours are open.
func (l *link) session(ctx context.Context, held bool) (session *ssh.Session, release func(), err error) {
	release, err = l.acquire(ctx, held)
	if err != nil {
		return nil, nil, err
	}
	for {
		session, err = await(ctx, l, l.client.NewSession, func(s *ssh.Session) { _ = s.Close() })
		if err == nil {
			return session, release, nil
		}
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) || len(l.sessions) == 1 {
			release()
			return nil, nil, err
		}
		select {
		case <-time.After(refusedRetry):
		case <-ctx.Done():
			release()
			return nil, nil, fmt.Errorf("wait for a free SSH session on %s: %w", l.name, context.Cause(ctx))
		}
	}
}

// await runs a call that knows no context, and drops its result where nobody waits for it any more.
func await[T any](ctx context.Context, l *link, call func() (T, error), drop func(T)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := call()
		answers <- answer{value, err}
	}()
	abandon := func() {
		go func() {
			if a := <-answers; a.err == nil {
				drop(a.value)
			}
		}()
	}
	var zero T
	select {
	case a := <-answers:
		if a.err != nil && l.gone() {
			return zero, l.lost()
		}
		return a.value, a.err
	case <-l.done:
		abandon()
		return zero, l.lost()
	case <-ctx.Done():
		abandon()
		return zero, context.Cause(ctx)
	}
}
