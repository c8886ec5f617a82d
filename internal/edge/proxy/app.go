package proxy

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"

	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// edgeApp is the Caddy app that holds what the other modules share. Caddy makes it from the configuration.
type edgeApp struct {
	State string `json:"state"`

	routes  *routes
	probes  *probes
	log     *accessLog
	store   *store
	clients clients
	leaving atomic.Bool // no new connection is accepted, and each answer is the last of its connection

	mu        sync.Mutex
	listeners []*listener

	changes sync.Mutex // serializes what follows
	tables  tables.Tables
	problem string
}

// CaddyModule implements caddy.Module.
func (*edgeApp) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: appModule, New: func() caddy.Module { return new(edgeApp) }}
}

// edgeOf returns the app that a module's configuration belongs to.
func edgeOf(ctx caddy.Context) (*edgeApp, error) {
	found, err := ctx.App(appModule)
	if err != nil {
		return nil, fmt.Errorf("finding the routes: %w", err)
	}
	return found.(*edgeApp), nil
}

// Provision implements caddy.Provisioner. The kept routes are there before the first connection is accepted, but the
// state folder is not claimed yet: an edge that then cannot listen must not have taken it from the one that can.
func (a *edgeApp) Provision(ctx caddy.Context) error {
	if err := os.MkdirAll(a.State, 0o700); err != nil {
		return fmt.Errorf("making the state folder: %w", err)
	}
	a.store = &store{dir: a.State, instance: newInstance()}
	a.clients.states = map[net.Conn]http.ConnState{}
	a.probes = &probes{waiting: map[string]*probe{}}
	a.routes = newRoutes(ctx)
	if err := a.follow(a.store.peek()); err != nil {
		return err
	}
	a.log = newAccessLog(os.Stdout)
	return nil
}

// Start implements caddy.App.
func (a *edgeApp) Start() error { return nil }

// Stop implements caddy.App.
func (a *edgeApp) Stop() error { return nil }

// Cleanup implements caddy.CleanerUpper.
func (a *edgeApp) Cleanup() error {
	if a.routes != nil {
		a.routes.closeAll()
	}
	if a.log != nil {
		a.log.close()
	}
	return nil
}

// claim makes this edge the one that keeps the routes.
func (a *edgeApp) claim() error {
	kept, problem, err := a.store.claim()
	if err != nil {
		return err
	}
	a.problem = problem
	return a.follow(kept)
}

// follow serves the tables without keeping them.
func (a *edgeApp) follow(next tables.Tables) error {
	a.changes.Lock()
	defer a.changes.Unlock()
	p, err := a.routes.prepare(next)
	if err != nil {
		return err
	}
	a.routes.apply(p)
	a.tables = next
	return nil
}

// change keeps and then serves what f makes of the tables.
func (a *edgeApp) change(f func(tables.Tables) (tables.Tables, error)) (before, after tables.Tables, err error) {
	a.changes.Lock()
	defer a.changes.Unlock()
	next, err := f(a.tables)
	if err != nil {
		return before, after, err
	}
	p, err := a.routes.prepare(next)
	if err != nil {
		return before, after, err
	}
	if err := a.store.save(next); err != nil {
		a.routes.abandon(p)
		return before, after, err
	}
	a.routes.apply(p)
	before, a.tables = a.tables, next
	return before, next, nil
}

// status returns what is served now, and what was wrong with the kept routes.
func (a *edgeApp) status() (tables.Tables, string) {
	a.changes.Lock()
	defer a.changes.Unlock()
	return a.tables, a.problem
}

func (a *edgeApp) stopListening() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.listeners {
		if err := l.Close(); err != nil {
			return fmt.Errorf("closing the listener: %w", err)
		}
	}
	return nil
}
