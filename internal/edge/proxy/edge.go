package proxy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// Edge is a running edge. Caddy's state is global, so that there is one to a process. It is an edge.Server.
type Edge struct {
	version string
	app     *edgeApp
	admin   *admin
	peers   *peers
	port    int
}

// Start starts the process's edge and returns once it serves. It takes over from an edge that runs on the same state
// folder, which goes on serving what it has until it is shut down.
func Start(cfg Config) (_ *Edge, err error) {
	register()
	config, err := caddyConfig(cfg)
	if err != nil {
		return nil, err
	}
	if err := caddy.Run(config); err != nil {
		return nil, fmt.Errorf("starting the proxy: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, caddy.Stop())
		}
	}()
	state, err := edgeOf(caddy.ActiveContext())
	if err != nil {
		return nil, err
	}
	e := &Edge{version: cfg.Version, app: state, peers: &peers{dir: cfg.State, self: state.store.instance}}
	address, ok := state.listeners[0].Addr().(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("listening on %v, which is not TCP", state.listeners[0].Addr())
	}
	e.port = address.Port
	if err := state.claim(); err != nil {
		return nil, err
	}
	e.admin, err = listenAdmin(cfg.State, state.store.instance, e)
	return e, err
}

// Port is where the edge serves plain HTTP.
func (e *Edge) Port() int { return e.port }

// Status implements edge.Server. The counts include those of edges that are still handing over.
func (e *Edge) Status(ctx context.Context) (app.EdgeStatus, error) {
	status := e.own()
	others, err := e.peers.status(ctx)
	if err != nil {
		return status, err
	}
	for _, other := range others {
		status.Releases = addReleases(status.Releases, other.Releases)
	}
	return status, nil
}

func (e *Edge) own() app.EdgeStatus {
	kept, problem := e.app.status()
	return app.EdgeStatus{
		Version: e.version, HTTPPort: e.port, Tables: kept.All(), Releases: e.app.routes.releases(),
		Instance: e.app.store.instance, Problem: problem,
	}
}

// Put implements edge.Server.
func (e *Edge) Put(ctx context.Context, table app.EdgeTable) (*app.EdgeTable, error) {
	if table.Since.IsZero() {
		table.Since = time.Now().UTC()
	}
	return e.change(ctx, table.Site, func(t tables.Tables) (tables.Tables, error) { return t.Put(table) })
}

// Delete implements edge.Server.
func (e *Edge) Delete(ctx context.Context, site string, fence int64) (*app.EdgeTable, error) {
	return e.change(ctx, site, func(t tables.Tables) (tables.Tables, error) { return t.Delete(site, fence) })
}

func (e *Edge) change(ctx context.Context, site string, f func(tables.Tables) (tables.Tables, error)) (*app.EdgeTable, error) {
	before, after, err := e.app.change(f)
	if err != nil {
		return nil, err
	}
	if err := e.peers.follow(ctx, after); err != nil {
		return nil, err
	}
	if previous, ok := before.Get(site); ok {
		return &previous, nil
	}
	return nil, nil
}

// Drop implements edge.Server.
func (e *Edge) Drop(ctx context.Context, site, release string) error {
	if err := e.app.routes.drop(site, release); err != nil {
		return err
	}
	return e.peers.drop(ctx, site, release)
}

// Check implements edge.Server.
func (e *Edge) Check(ctx context.Context, check app.EdgeCheck) (app.EdgeAnswer, error) {
	return runCheck(ctx, check), nil
}

// Probe implements edge.Server.
func (e *Edge) Probe(ctx context.Context, probe app.EdgeProbe) (app.EdgeAnswer, error) {
	return e.app.probes.send(ctx, e.port, probe), nil
}

// drainPoll is how often a leaving edge looks whether it may go.
const drainPoll = 50 * time.Millisecond

// Shutdown stops accepting connections, lets requests end while ctx lasts, and then closes what is left. An edge that
// a newer one has taken over from also waits for its idle clients to send once more and be told to reconnect: to close
// an idle connection may cross a request on it.
//
// Connections that wait to be accepted go over to the newer edge only with the host's sysctl net.ipv4.tcp_migrate_req
// set to 1; without it the system resets them.
func (e *Edge) Shutdown(ctx context.Context) error {
	e.app.leaving.Store(true)
	err := e.app.stopListening()
	ticker := time.NewTicker(drainPoll)
	defer ticker.Stop()
	for !e.drained() {
		select {
		case <-ticker.C:
			continue
		case <-ctx.Done():
		}
		break
	}
	return errors.Join(err, e.admin.close(), caddy.Stop())
}

func (e *Edge) drained() bool {
	open, active := e.app.clients.count()
	busy := e.app.routes.inFlight() > 0
	if e.peers.newer() {
		return open == 0 && !busy
	}
	return active == 0 && !busy
}

func newInstance() string { return strings.ToLower(rand.Text()[:12]) }

var _ edge.Server = (*Edge)(nil)
