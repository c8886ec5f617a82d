// Package edgetest is an edge in memory, for hosts that are not there, and the contract that it and the real one keep.
// It follows every rule of the real edge's API and serves no request.
package edgetest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// Memory is an edge in memory. It is safe for concurrent use. It is an edge.Server.
type Memory struct {
	// Version and HTTPPort are what Status reports.
	Version  string
	HTTPPort int
	// OnCheck answers Check, and OnProbe the request that a Probe sends to the release that it reaches. Nil means that
	// all is well. They are set before the edge is used.
	OnCheck func(app.EdgeCheck) app.EdgeAnswer
	OnProbe func(probe app.EdgeProbe, service, release string) (status int)

	mu       sync.Mutex
	tables   tables.Tables
	inFlight map[[2]string]int64 // by site and release
	ended    map[[2]string]ended
}

// ended counts requests of a release.
type ended struct {
	requests, failed int64
}

// Status implements edge.Server.
func (m *Memory) Status(context.Context) (app.EdgeStatus, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	status := app.EdgeStatus{Version: m.Version, HTTPPort: m.HTTPPort, Tables: m.tables.All(), Instance: "memory"}
	counted := map[[2]string]bool{}
	add := func(site, release string, live bool) {
		key := [2]string{site, release}
		counted[key] = true
		status.Releases = append(status.Releases, app.EdgeRelease{
			Site: site, Release: release, Live: live, InFlight: m.inFlight[key], Requests: m.ended[key].requests, Failed: m.ended[key].failed,
		})
	}
	for _, t := range status.Tables {
		add(t.Site, t.Release, true)
		if t.Canary != nil {
			add(t.Site, t.Canary.Release, true)
		}
	}
	for key, n := range m.inFlight {
		if !counted[key] && n > 0 {
			add(key[0], key[1], false)
		}
	}
	slices.SortFunc(status.Releases, func(a, b app.EdgeRelease) int {
		return slices.Compare([]string{a.Site, a.Release}, []string{b.Site, b.Release})
	})
	return status, nil
}

// Put implements edge.Server.
func (m *Memory) Put(_ context.Context, table app.EdgeTable) (*app.EdgeTable, error) {
	return m.change(table.Site, func(t tables.Tables) (tables.Tables, error) { return t.Put(table) })
}

// Delete implements edge.Server.
func (m *Memory) Delete(_ context.Context, site string, fence int64) (*app.EdgeTable, error) {
	return m.change(site, func(t tables.Tables) (tables.Tables, error) { return t.Delete(site, fence) })
}

func (m *Memory) change(site string, f func(tables.Tables) (tables.Tables, error)) (*app.EdgeTable, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next, err := f(m.tables)
	if err != nil {
		return nil, err
	}
	before := m.tables
	m.tables = next
	if previous, ok := before.Get(site); ok {
		return &previous, nil
	}
	return nil, nil
}

// Drop implements edge.Server.
func (m *Memory) Drop(_ context.Context, site, release string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t, ok := m.tables.Get(site); ok && t.Serves(release) {
		return edge.ErrLive
	}
	delete(m.inFlight, [2]string{site, release})
	return nil
}

// Check implements edge.Server.
func (m *Memory) Check(_ context.Context, check app.EdgeCheck) (app.EdgeAnswer, error) {
	if m.OnCheck == nil {
		return app.EdgeAnswer{OK: true, Status: http.StatusOK}, nil
	}
	return m.OnCheck(check), nil
}

// Probe implements edge.Server.
func (m *Memory) Probe(_ context.Context, probe app.EdgeProbe) (app.EdgeAnswer, error) {
	m.mu.Lock()
	var index tables.Index[app.EdgeAnswer]
	for _, t := range m.tables.All() {
		for _, r := range t.Routes {
			answer := app.EdgeAnswer{OK: true, Status: http.StatusOK, Service: r.Service, Release: t.Release}
			if t.Release == "" || len(r.Upstreams) == 0 {
				answer.OK, answer.Status = false, http.StatusServiceUnavailable
			}
			index.Add(r.Route, answer)
		}
	}
	m.mu.Unlock()
	answer, found := index.Find(tables.Host(probe.Host), probe.Path)
	if !found {
		return app.EdgeAnswer{Status: http.StatusNotFound}, nil
	}
	if answer.OK && m.OnProbe != nil {
		answer.Status = m.OnProbe(probe, answer.Service, answer.Release)
		answer.OK = answer.Status < http.StatusInternalServerError
	}
	return answer, nil
}

// SetInFlight says how many requests a release has.
func (m *Memory) SetInFlight(site, release string, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inFlight == nil {
		m.inFlight = map[[2]string]int64{}
	}
	m.inFlight[[2]string{site, release}] = n
}

// SetEnded says how many requests of clients to a release have ended, and how many of those have failed.
func (m *Memory) SetEnded(site, release string, requests, failed int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended == nil {
		m.ended = map[[2]string]ended{}
	}
	m.ended[[2]string{site, release}] = ended{requests: requests, failed: failed}
}

// Dial opens a connection to the edge's API, as a dial of its socket would. The connection ends with its client.
func (m *Memory) Dial(context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		// Serve ends when its only connection does.
		_ = http.Serve(&oneListener{conn: server, closed: make(chan struct{})}, edge.Handler(m))
	}()
	return client, nil
}

// oneListener accepts one connection, and then waits for that to be closed.
type oneListener struct {
	conn   net.Conn
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (l *oneListener) Accept() (conn net.Conn, err error) {
	l.once.Do(func() { conn = &oneConn{Conn: l.conn, closed: sync.OnceFunc(func() { close(l.closed) })} })
	if conn != nil {
		return conn, nil
	}
	<-l.closed
	return nil, errors.New("the connection has ended")
}

// Close implements net.Listener.
func (l *oneListener) Close() error { return l.conn.Close() }

// Addr implements net.Listener.
func (l *oneListener) Addr() net.Addr { return l.conn.LocalAddr() }

type oneConn struct {
	net.Conn
	closed func()
}

// Close implements net.Conn.
func (c *oneConn) Close() error {
	defer c.closed()
	return c.Conn.Close()
}
