package proxy

import (
	"net"
	"sync"
)

// connectionsKey finds a generation's connections in the context that its handlers are provisioned with.
type connectionsKey struct{}

// connections are the connections to the replicas of one generation, so that they can be closed all at once.
type connections struct {
	mu     sync.Mutex
	closed bool
	open   map[*connection]struct{}
}

type connection struct {
	net.Conn
	set *connections
}

func newConnections() *connections { return &connections{open: map[*connection]struct{}{}} }

// add watches a connection, and closes it where close has been called.
func (c *connections) add(conn net.Conn) net.Conn {
	watched := &connection{Conn: conn, set: c}
	c.mu.Lock()
	if !c.closed {
		c.open[watched] = struct{}{}
		c.mu.Unlock()
		return watched
	}
	c.mu.Unlock()
	// The caller finds out when it uses the connection.
	_ = conn.Close()
	return watched
}

func (c *connections) close() {
	c.mu.Lock()
	c.closed = true
	open := c.open
	c.open = nil
	c.mu.Unlock()
	for conn := range open {
		// What fails to close is closed already.
		_ = conn.Conn.Close()
	}
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.set.mu.Lock()
	delete(c.set.open, c)
	c.set.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends one direction, for upgraded connections that outlive their other half.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}
