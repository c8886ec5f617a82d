package memory

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/edgetest"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

// edgeServer is a machine's edge: it answers while a container of the edge runs, as the version of the newest.
type edgeServer struct {
	*edgetest.Memory
	world   *World
	host    string
	machine *memory.Machine
}

func newEdge(w *World, name string, m *memory.Machine) *edgeServer {
	e := &edgeServer{Memory: &edgetest.Memory{HTTPPort: 80}, world: w, host: name, machine: m}
	e.OnCheck = func(check app.EdgeCheck) app.EdgeAnswer {
		if _, ok := m.Answers(check.Address); ok {
			return app.EdgeAnswer{OK: true, Status: http.StatusOK}
		}
		return app.EdgeAnswer{Error: "connection refused"}
	}
	server := &http.Server{Handler: edge.Handler(e)}
	m.Listen("unix", app.DefaultStateDir+"/"+edge.StateDir+"/"+edge.Socket, func(c net.Conn) {
		if e.version() == "" {
			_ = c.Close() // as a socket that nobody listens on
			return
		}
		conn := &onlyConn{Conn: c, closed: make(chan struct{})}
		_ = server.Serve(&onlyListener{conn: conn})
	})
	return e
}

// version is that of the newest edge container that runs; "" where none does.
func (e *edgeServer) version() string {
	var newest app.ContainerState
	for _, c := range e.machine.Containers() {
		if c.Labels[app.LabelRole] == app.RoleEdge && c.Running() && c.StartedAt.After(newest.StartedAt) {
			newest = c
		}
	}
	return newest.Labels[app.LabelVersion]
}

// Status implements edge.Server.
func (e *edgeServer) Status(ctx context.Context) (app.EdgeStatus, error) {
	status, err := e.Memory.Status(ctx)
	status.Version = e.version()
	return status, err
}

// Put implements edge.Server. Traffic that is sent where nothing answers is lost.
func (e *edgeServer) Put(ctx context.Context, table app.EdgeTable) (*app.EdgeTable, error) {
	routes := table.Routes
	if table.Canary != nil {
		routes = slices.Concat(routes, table.Canary.Routes)
	}
	for _, r := range routes {
		for _, upstream := range r.Upstreams {
			if _, ok := e.machine.Answers(upstream); !ok {
				e.world.violation(e.host + ": the edge was switched to " + upstream + " of " + r.Service + ", where nothing answers")
			}
		}
	}
	return e.Memory.Put(ctx, table)
}

// onlyListener accepts one connection, and then waits for its end.
type onlyListener struct {
	once sync.Once
	conn *onlyConn
}

func (l *onlyListener) Accept() (conn net.Conn, err error) {
	l.once.Do(func() { conn = l.conn })
	if conn != nil {
		return conn, nil
	}
	<-l.conn.closed
	return nil, errors.New("the connection has ended")
}

func (l *onlyListener) Close() error   { return nil }
func (l *onlyListener) Addr() net.Addr { return l.conn.LocalAddr() }

type onlyConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (c *onlyConn) Close() error {
	defer c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// Ended says how many requests of clients to a release have ended at a host's edge, and how many of those have failed.
func (w *World) Ended(host string, site app.Site, release string, requests, failed int64) {
	w.servers[host].edge.SetEnded(site.String(), release, requests, failed)
}

// InFlight says how many requests a release has in a host's edge.
func (w *World) InFlight(host string, site app.Site, release string, n int64) {
	w.servers[host].edge.SetInFlight(site.String(), release, n)
}
