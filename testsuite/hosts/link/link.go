// Package link is a TCP link between two programs of a test that can be cut, stalled, delayed and narrowed, and that
// counts what crosses it. It knows nothing of what the bytes mean.
//
// It is our own because the tests ask for two things that toxiproxy's library form does not give: exact byte counts
// for each direction without a metrics registry, and a stall that keeps connections open in silence, as a lost network
// does, and can be lifted again.
package link

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Link forwards connections made to Addr to its target. It is safe for concurrent use.
type Link struct {
	listener net.Listener
	target   string
	sent     atomic.Int64
	received atomic.Int64

	mu        sync.Mutex
	cut       bool
	passing   chan struct{} // closed while bytes may pass
	delay     time.Duration
	bandwidth int64
	conns     map[*connection]struct{}
	closed    bool
	running   sync.WaitGroup
}

// New opens a link on a free loopback port to a TCP address. Close it.
func New(target string) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a link to %s: %w", target, err)
	}
	l := &Link{
		listener: listener,
		target:   target,
		passing:  make(chan struct{}),
		conns:    map[*connection]struct{}{},
	}
	close(l.passing)
	l.running.Go(l.accept)
	return l, nil
}

// Addr is the "127.0.0.1:port" to dial; it stays the same through every fault.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Port is the port of Addr.
func (l *Link) Port() int { return l.listener.Addr().(*net.TCPAddr).Port }

// Cut resets every connection, and new ones as soon as they are made, until Restore.
func (l *Link) Cut() {
	l.mu.Lock()
	l.cut = true
	conns := l.snapshot()
	l.mu.Unlock()
	for _, c := range conns {
		c.abort()
	}
}

// Stall keeps connections open and lets nothing pass, as a network that has gone away does, until Restore. New
// connections are accepted and get no answer.
func (l *Link) Stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.passing:
		l.passing = make(chan struct{})
	default:
	}
}

// Restore ends a cut and a stall. Bytes held by a stall arrive. Delay and bandwidth stay as they are.
func (l *Link) Restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
	select {
	case <-l.passing:
	default:
		close(l.passing)
	}
}

// Delay holds everything that enters the link from now on for d in each direction; 0 ends it.
func (l *Link) Delay(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = d
}

// Bandwidth bounds each connection to that many bytes a second in each direction; 0 means no bound.
func (l *Link) Bandwidth(bytesPerSecond int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bandwidth = bytesPerSecond
}

// Bytes counts what has crossed in all: sent to the target and received from it.
func (l *Link) Bytes() (sent, received int64) { return l.sent.Load(), l.received.Load() }

// Close resets every connection, frees the port and waits until nothing of the link runs.
func (l *Link) Close() error {
	l.mu.Lock()
	l.closed = true
	conns := l.snapshot()
	l.mu.Unlock()
	err := l.listener.Close()
	for _, c := range conns {
		c.abort()
	}
	l.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (l *Link) snapshot() []*connection {
	conns := make([]*connection, 0, len(l.conns))
	for c := range l.conns {
		conns = append(conns, c)
	}
	return conns
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.running.Go(func() { l.serve(client.(*net.TCPConn)) })
	}
}

func (l *Link) serve(client *net.TCPConn) {
	c := newConnection(client)
	if !l.admit(c) {
		c.abort()
		return
	}
	defer l.dismiss(c)
	if !l.wait(c) {
		return
	}
	target, err := net.DialTimeout("tcp", l.target, 10*time.Second)
	if err != nil || !c.attach(target.(*net.TCPConn)) {
		c.abort()
		return
	}
	defer c.finish()
	var both sync.WaitGroup
	both.Go(func() { l.pump(c, c.target, c.client, &l.sent) })
	both.Go(func() { l.pump(c, c.client, c.target, &l.received) })
	both.Wait()
}

func (l *Link) admit(c *connection) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut || l.closed {
		return false
	}
	l.conns[c] = struct{}{}
	return true
}

func (l *Link) dismiss(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// wait blocks while the link is stalled; it answers false when the connection ended meanwhile.
func (l *Link) wait(c *connection) bool {
	l.mu.Lock()
	passing := l.passing
	l.mu.Unlock()
	select {
	case <-passing:
		return true
	case <-c.done:
		return false
	}
}

func (l *Link) shape() (delay time.Duration, bandwidth int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delay, l.bandwidth
}
