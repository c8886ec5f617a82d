package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/host"
)

// Engine is a Docker engine behind a dialer. It is safe for concurrent use.
type Engine struct {
	name string
	dial func(ctx context.Context) (net.Conn, error)

	mu    sync.Mutex
	cli   *client.Client
	ready bool // cli speaks a version that the engine has answered to
}

var _ host.Engine = (*Engine)(nil)

// New makes an engine that is reached by dial; name is its host's, for errors. Nothing is dialled yet.
func New(dial func(ctx context.Context) (net.Conn, error), name string) (*Engine, error) {
	e := &Engine{name: name, dial: dial}
	cli, err := e.newClient()
	if err != nil {
		return nil, err
	}
	e.cli = cli
	return e, nil
}

func (e *Engine) newClient() (*client.Client, error) {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := e.dial(ctx)
			if err != nil {
				return nil, &dialError{err: err}
			}
			return conn, nil
		},
		DisableCompression:  true,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     30 * time.Second,
	}
	// The address is never resolved. It comes first: it would set up a transport of the client's own, proxy included.
	cli, err := client.NewClientWithOpts(
		client.WithHost("http://"+client.DummyHost),
		client.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: client.CheckRedirect}),
		client.WithAPIVersionNegotiation(),
	)
	if err != nil {
		return nil, fmt.Errorf("making a Docker client for host %s: %w", e.name, err)
	}
	return cli, nil
}

// Client is the engine's own client, for what host.Engine has no word for. It must not be closed.
func (e *Engine) Client() *client.Client {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cli
}

// Close ends the idle connections; those in use end with the calls that use them.
func (e *Engine) Close() error { return e.Client().Close() }

// api answers a client that speaks a version the engine knows. Left to itself, the client would go on with its newest
// version where the engine does not answer, and with its oldest where the answer names no version, and stay with that.
func (e *Engine) api(ctx context.Context) (*client.Client, error) {
	e.mu.Lock()
	cli, ready := e.cli, e.ready
	e.mu.Unlock()
	if ready {
		return cli, nil
	}
	ping, err := cli.Ping(ctx)
	if err != nil {
		return nil, err
	}
	if ping.APIVersion == "" {
		return nil, errNotDocker
	}
	if err := cli.NewVersionError(ctx, oldestAPI, "Longshore"); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ready = e.cli == cli
	return cli, nil
}

// oldestAPI is Docker 20.10's.
const oldestAPI = "1.41"

var errNotDocker = errors.New("what answers at the socket names no API version: it is no Docker engine")

// forget has the next call negotiate again.
func (e *Engine) forget() {
	cli, err := e.newClient()
	if err != nil {
		return // the old client goes on failing, with the engine's own words
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cli, e.ready = cli, false
}
