package proxy

import (
	"net"
	"sync"

	"github.com/caddyserver/caddy/v2"
)

// listenerWrapper hands the edge the listeners that Caddy opens, so that it can stop accepting without closing idle
// connections, as Caddy's own shutdown does first.
type listenerWrapper struct {
	edge *edgeApp
}

// CaddyModule implements caddy.Module.
func (*listenerWrapper) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.listeners." + listenerModule, New: func() caddy.Module { return new(listenerWrapper) }}
}

// Provision implements caddy.Provisioner.
func (w *listenerWrapper) Provision(ctx caddy.Context) error {
	edge, err := edgeOf(ctx)
	w.edge = edge
	return err
}

// WrapListener implements caddy.ListenerWrapper.
func (w *listenerWrapper) WrapListener(inner net.Listener) net.Listener {
	l := &listener{Listener: inner}
	w.edge.mu.Lock()
	w.edge.listeners = append(w.edge.listeners, l)
	w.edge.mu.Unlock()
	return l
}

// listener can be closed twice: by us, and at the end by Caddy.
type listener struct {
	net.Listener
	once sync.Once
	err  error
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}
