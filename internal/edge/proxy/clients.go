package proxy

import (
	"net"
	"sync"
	"sync/atomic"
)

// clientCount is how many connections of clients are open.
type clientCount struct{ n atomic.Int64 }

func (c *clientCount) add(delta int64) { c.n.Add(delta) }

// clientConn is a counted connection of a client.
type clientConn struct {
	net.Conn
	count *clientCount
	once  sync.Once
}

// Close implements net.Conn.
func (c *clientConn) Close() error {
	c.once.Do(func() { c.count.add(-1) })
	return c.Conn.Close()
}

// CloseWrite ends one direction, for upgraded connections and for answers that a client reads before it stops sending.
func (c *clientConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}
