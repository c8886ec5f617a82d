package proxy

import (
	"net"
	"net/http"
	"sync"
)

// clients are the connections of clients, by what the server does with them. Upgraded ones are not among them.
type clients struct {
	mu     sync.Mutex
	states map[net.Conn]http.ConnState
}

// note is called by the server for every change of a connection's state.
func (c *clients) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(c.states, conn)
		return
	}
	c.states[conn] = state
}

// count returns how many connections are open, and on how many of them an answer is not all sent.
func (c *clients) count() (open, active int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, state := range c.states {
		if state == http.StateActive {
			active++
		}
	}
	return len(c.states), active
}
