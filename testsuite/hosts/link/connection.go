package link

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// connection is one client's way to the target.
type connection struct {
	client *net.TCPConn
	done   chan struct{} // closed by abort and finish

	mu     sync.Mutex
	target *net.TCPConn // nil until attach
	ended  bool
}

func newConnection(client *net.TCPConn) *connection {
	return &connection{client: client, done: make(chan struct{})}
}

// attach adds the target's side; it answers false, and closes it, when the connection ended meanwhile.
func (c *connection) attach(target *net.TCPConn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		target.Close()
		return false
	}
	c.target = target
	return true
}

// abort resets both sides: a peer sees an error, not an orderly end.
func (c *connection) abort() { c.end(reset) }

// finish closes both sides and lets what is still on its way arrive.
func (c *connection) finish() { c.end(func(conn *net.TCPConn) { _ = conn.Close() }) }

func (c *connection) end(how func(*net.TCPConn)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	close(c.done)
	how(c.client)
	if c.target != nil {
		how(c.target)
	}
}

func reset(conn *net.TCPConn) {
	// Both fail only on a connection that is closed already.
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

// chunk is what one read brought, and when it may leave the link.
type chunk struct {
	data []byte
	due  time.Time
}

// pump copies one direction. A reader and a writer work apart, so that a delay holds back every byte for the same time
// and not one read after the other.
func (l *Link) pump(c *connection, to, from *net.TCPConn, count *atomic.Int64) {
	chunks := make(chan chunk, 256)
	var reader sync.WaitGroup
	defer reader.Wait()
	reader.Go(func() {
		defer close(chunks)
		for {
			buffer := make([]byte, 16<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				delay, _ := l.shape()
				select {
				case chunks <- chunk{data: buffer[:n], due: time.Now().Add(delay)}:
				case <-c.done:
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	var line line
	for piece := range chunks {
		if !c.sleep(time.Until(piece.due)) || !l.wait(c) {
			break
		}
		// Counted first, so that whoever has read a byte finds it counted.
		count.Add(int64(len(piece.data)))
		n, err := to.Write(piece.data)
		if err != nil {
			count.Add(int64(n - len(piece.data)))
			c.abort()
			break
		}
		if _, bandwidth := l.shape(); bandwidth > 0 {
			c.sleep(line.takes(time.Now(), int64(n), bandwidth))
		}
	}
	if !l.wait(c) {
		return
	}
	// The peer's end of this direction is passed on; the other direction may go on.
	_ = to.CloseWrite()
}

// line is a direction with a bandwidth.
type line struct{ free time.Time }

// makeUp is how much of the time that a sleep has taken too long is made up for.
const makeUp = 10 * time.Millisecond

// takes is how long to wait after n bytes.
func (l *line) takes(now time.Time, n, bandwidth int64) time.Duration {
	switch earliest := now.Add(-makeUp); {
	case l.free.IsZero():
		l.free = now
	case l.free.Before(earliest):
		l.free = earliest
	}
	l.free = l.free.Add(time.Duration(n * int64(time.Second) / bandwidth))
	return l.free.Sub(now)
}

// sleep answers false when the connection ended meanwhile.
func (c *connection) sleep(d time.Duration) bool {
	if d <= 0 {
		select {
		case <-c.done:
			return false
		default:
			return true
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.done:
		return false
	}
}
