// Package pool opens hosts for as long as a process lives: a machine is connected to once, however often and under
// whatever names it is opened. It is where local and remote hosts are told apart.
package pool

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/local"
	"github.com/longshore-dev/longshore/internal/host/remote"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/ssh"
)

// Pool is a host.Opener. It is safe for concurrent use.
type Pool struct {
	// Keys reads the private keys that are secrets. It is set before the first Open; without it hosts that have one cannot be
	// logged in to.
	Keys Keys

	environment ssh.Environment
	// localState is the state folder of this machine where a host's settings name none.
	localState string

	mu      sync.Mutex
	closed  bool
	hosts   map[app.Host]host.Host
	clients map[way]*ssh.Client
}

// Keys reads a private key that is a secret. It is called for each login, from several goroutines, and ends when ctx does.
// Its error says what to do, and holds no part of the key.
type Keys func(ctx context.Context, s app.SecretLine) (secret.String, error)

var _ host.Opener = (*Pool)(nil)

// way is all that decides which SSH connection a host has.
type way struct {
	address, jump, identity string
	secret                  app.SecretLine
	acceptNew               bool
}

// New makes an empty pool. localState is the state folder of the host "local" where its settings name none; empty means
// app.DefaultStateDir.
func New(environment ssh.Environment, localState string) *Pool {
	return &Pool{
		environment: environment,
		localState:  localState,
		hosts:       make(map[app.Host]host.Host),
		clients:     make(map[way]*ssh.Client),
	}
}

var errClosed = errors.New("the pool of hosts is closed")

// Open opens a host without dialling. To close what it answers does nothing: others share the connection, and Close of
// the pool ends it. Its error is a host.ErrSettings.
func (p *Pool) Open(_ context.Context, h app.Host) (host.Host, error) {
	// What listens on the host changes nothing about how to reach it.
	h.Edge = app.Edge{}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	opened, ok := p.hosts[h]
	if !ok {
		var err error
		if opened, err = p.make(h); err != nil {
			return nil, err
		}
		p.hosts[h] = opened
	}
	return shared{opened}, nil
}

func (p *Pool) make(h app.Host) (host.Host, error) {
	if h.Local() {
		if h.StateDir == "" {
			h.StateDir = p.localState
		}
		return local.New(h)
	}
	key := way{h.Address, h.Jump, h.IdentityFile, h.IdentitySecret, h.AcceptNewKey}
	client, ok := p.clients[key]
	if !ok {
		var err error
		client, err = ssh.New(ssh.Options{
			Address:      h.Address,
			Jump:         h.Jump,
			IdentityFile: h.IdentityFile,
			Key:          p.key(h.IdentitySecret),
			AcceptNew:    h.AcceptNewKey,
			Environment:  p.environment,
		})
		if err != nil {
			return nil, err
		}
	}
	opened, err := remote.New(h, client)
	if err != nil {
		return nil, err
	}
	p.clients[key] = client
	return opened, nil
}

// key is the key that a host asks for; nil where that is not a secret.
func (p *Pool) key(s app.SecretLine) *ssh.Key {
	if s == (app.SecretLine{}) {
		return nil
	}
	return &ssh.Key{Name: "the secret " + s.Name, Read: func(ctx context.Context) (secret.String, error) {
		if p.Keys == nil {
			return secret.String{}, fmt.Errorf("the secret %s cannot be read here", s.Name)
		}
		return p.Keys(ctx, s)
	}}
}

// Close ends all connections. Hosts that were opened fail from then on.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, h := range p.hosts {
		errs = append(errs, h.Close())
	}
	clear(p.hosts)
	clear(p.clients)
	return errors.Join(errs...)
}

// shared is a host of the pool in the hands of one of many.
type shared struct{ host.Host }

// Close leaves the connection to the others.
func (shared) Close() error { return nil }
