// Package pool opens hosts by their settings, on this machine or over SSH, and shares what it has opened: one
// connection a host however many callers there are. It must not know what is done on a host.
package pool

import (
	"context"
	"errors"
	"sync"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/local"
	"github.com/longshore-dev/longshore/internal/host/remote"
	"github.com/longshore-dev/longshore/internal/ssh"
)

// Options are how hosts are opened.
type Options struct {
	// AcceptNewHostKeys writes the key of a host that the known hosts do not hold instead of refusing it.
	AcceptNewHostKeys bool
	// LocalStateDir is the state folder of the worker's own machine where its settings name none; empty means
	// app.DefaultStateDir.
	LocalStateDir string
}

// Pool is a host.Opener. Make one with New and close it after use. It is safe for concurrent use.
type Pool struct {
	options Options

	mu     sync.Mutex
	open   map[app.Host]host.Host
	closed bool
}

// New makes an empty pool.
func New(options Options) *Pool {
	return &Pool{options: options, open: map[app.Host]host.Host{}}
}

var errClosed = errors.New("the pool of hosts is closed")

// Open implements host.Opener. It dials nothing: the first call of the host does. The caller must not close the host.
func (p *Pool) Open(_ context.Context, h app.Host) (host.Host, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	if opened, ok := p.open[h]; ok {
		return opened, nil
	}
	opened, err := p.make(h)
	if err != nil {
		return nil, err
	}
	p.open[h] = opened
	return opened, nil
}

func (p *Pool) make(h app.Host) (host.Host, error) {
	if h.Local() {
		if h.StateDir == "" {
			h.StateDir = p.options.LocalStateDir
		}
		return local.New(h)
	}
	environment, err := ssh.CurrentEnvironment()
	if err != nil {
		return nil, err
	}
	client, err := ssh.New(ssh.Options{
		Address: h.Address, Jump: h.Jump, IdentityFile: h.IdentityFile,
		AcceptNew: p.options.AcceptNewHostKeys, Environment: environment,
	})
	if err != nil {
		return nil, err
	}
	return remote.New(h, client)
}

// Close closes every host.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, h := range p.open {
		errs = append(errs, h.Close())
	}
	clear(p.open)
	return errors.Join(errs...)
}
