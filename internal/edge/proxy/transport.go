package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

const (
	idlePerReplica = 512
	// keepReplayable is how long an idle connection is kept for requests that may be sent again.
	keepReplayable = time.Minute
	// keepOnce is how long one is kept for requests that may not. A replica that closes an idle connection may cross a
	// request on it, which is then lost; it is shorter than any server's own idle timeout, so ours ends first.
	keepOnce = time.Second

	noRetry = "longshore.no_retry"
)

// transport is Caddy's HTTP transport twice: requests that may not be sent twice have connections of their own.
type transport struct {
	Dial     caddy.Duration `json:"dial"`
	Response caddy.Duration `json:"response,omitempty"`
	H2C      bool           `json:"h2c,omitempty"`

	replayable, once *reverseproxy.HTTPTransport
}

// CaddyModule implements caddy.Module.
func (*transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.reverse_proxy.transport." + transportModule, New: func() caddy.Module { return new(transport) }}
}

// Provision implements caddy.Provisioner.
func (t *transport) Provision(ctx caddy.Context) error {
	watch, ok := ctx.Value(connectionsKey{}).(*connections)
	if !ok {
		return errors.New("the transport is only for generations")
	}
	var err error
	if t.replayable, err = t.provision(ctx, watch, keepReplayable); err != nil {
		return err
	}
	t.once, err = t.provision(ctx, watch, keepOnce)
	return err
}

func (t *transport) provision(ctx caddy.Context, watch *connections, idle time.Duration) (*reverseproxy.HTTPTransport, error) {
	compression := false
	h := &reverseproxy.HTTPTransport{
		DialTimeout:           t.Dial,
		ResponseHeaderTimeout: t.Response,
		Compression:           &compression,
		KeepAlive:             &reverseproxy.KeepAlive{IdleConnTimeout: caddy.Duration(idle), MaxIdleConnsPerHost: idlePerReplica},
		Versions:              []string{"1.1"},
	}
	if t.H2C {
		h.Versions = []string{"h2c", "2"}
	}
	if err := h.Provision(ctx); err != nil {
		return nil, fmt.Errorf("preparing connections: %w", err)
	}
	h.Transport.Proxy = nil // the environment's proxy is not for replicas
	dial := h.Transport.DialContext
	h.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return watch.add(conn), nil
	}
	return h, nil
}

// Cleanup implements caddy.CleanerUpper.
func (t *transport) Cleanup() error {
	for _, h := range []*reverseproxy.HTTPTransport{t.replayable, t.once} {
		if h != nil {
			h.Transport.CloseIdleConnections()
		}
	}
	return nil
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if isReplayable(r) {
		res, err := t.replayable.RoundTrip(r)
		var timeout net.Error
		if err != nil && errors.As(err, &timeout) && timeout.Timeout() && !errors.As(err, new(reverseproxy.DialError)) {
			// A replica that is too slow would only be asked for more of the same.
			caddyhttp.SetVar(r.Context(), noRetry, true)
		}
		return res, err
	}
	if r.Body == nil {
		return t.once.RoundTrip(r)
	}
	body := &clientBody{ReadCloser: r.Body}
	sent := r.WithContext(r.Context())
	sent.Body = body
	res, err := t.once.RoundTrip(sent)
	if err != nil && body.failed.Load() {
		return nil, errClientBody
	}
	return res, err
}

// errClientBody is a request whose body the client did not deliver. Caddy takes it for a client that has gone, and so
// does not count it against the replica.
var errClientBody = fmt.Errorf("the client did not deliver its request: %w", context.Canceled)

type clientBody struct {
	io.ReadCloser
	failed atomic.Bool
}

func (b *clientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.failed.Store(true)
	}
	return n, err
}

// replayable matches the requests that may be sent again after a connection broke with no answer.
type replayable struct{}

// CaddyModule implements caddy.Module.
func (*replayable) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.matchers." + retryModule, New: func() caddy.Module { return new(replayable) }}
}

// MatchWithError implements caddyhttp.RequestMatcherWithError.
func (*replayable) MatchWithError(r *http.Request) (bool, error) {
	return isReplayable(r) && caddyhttp.GetVar(r.Context(), noRetry) == nil, nil
}

// isReplayable is stricter than HTTP's idempotence: only what reads, and carries no body that is gone once sent.
func isReplayable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return (r.Body == nil || r.Body == http.NoBody) && r.Header.Get("Upgrade") == ""
	}
	return false
}
