package proxy

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// router is the Caddy handler that every request goes through.
type router struct {
	edge *edgeApp
}

// CaddyModule implements caddy.Module.
func (*router) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers." + routerModule, New: func() caddy.Module { return new(router) }}
}

// Provision implements caddy.Provisioner.
func (h *router) Provision(ctx caddy.Context) error {
	edge, err := edgeOf(ctx)
	if err != nil {
		return err
	}
	h.edge = edge
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return errors.New("the router is only for the HTTP server's own routes")
	}
	server.RegisterConnState(edge.clients.note)
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler. It answers every request itself.
func (h *router) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	start := time.Now()
	host := tables.Host(r.Host)
	path := r.URL.Path
	rec := &recorder{ResponseWriter: w}
	probe := h.edge.probes.take(r)
	distrust(r.Header)
	if h.edge.leaving.Load() && r.Header.Get("Upgrade") == "" {
		w.Header().Set("Connection", "close")
	}

	t := h.edge.routes.enter(host, path, probe == nil)
	cutOff := true // the proxy panics where it breaks off an answer
	defer func() {
		e := entry{start: start, host: host, method: r.Method, path: path, proto: r.Proto,
			client: r.RemoteAddr, status: rec.status, bytes: rec.bytes, duration: time.Since(start)}
		if ip, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			e.client = ip
		}
		if t != nil {
			e.site, e.release, e.service = t.generation.site, t.generation.release, t.service
			if probe == nil {
				t.generation.tally.count(rec.failed(cutOff, r.Context().Err() != nil))
			}
			if rec.status == http.StatusSwitchingProtocols {
				t.generation.upgraded.Add(-1)
			}
			t.generation.leave()
		}
		h.edge.log.add(&e)
	}()

	switch {
	case r.Method == http.MethodConnect && r.Header.Get(":protocol") == "":
		writePage(rec, http.StatusMethodNotAllowed, pageMethod)
	case t == nil && h.edge.routes.knows(host):
		writePage(rec, http.StatusNotFound, pageUnknownPath)
	case t == nil:
		writePage(rec, http.StatusNotFound, pageUnknownHost)
	default:
		probe.answered(t)
		h.forward(rec, r, t)
	}
	cutOff = false
	return nil
}

// forward sends a request to a replica of its target.
func (h *router) forward(rec *recorder, r *http.Request, t *target) {
	if t.proxy == nil {
		writePage(rec, http.StatusServiceUnavailable, pageNoRelease)
		return
	}
	if limit := t.route.MaxBody; limit > 0 {
		if r.ContentLength > limit {
			writePage(rec, http.StatusRequestEntityTooLarge, pageTooLarge)
			return
		}
		if r.ContentLength < 0 {
			rec.body = &limitedBody{ReadCloser: r.Body, left: limit}
			r.Body = rec.body
		}
	}
	if t.route.StripPrefix && t.route.Path != "/" {
		stripPrefix(r.URL, t.route.Path)
		r.Header.Set("X-Forwarded-Prefix", t.route.Path)
	}
	rec.upgraded = func() { t.generation.upgraded.Add(1) }
	err := t.proxy.ServeHTTP(rec, r, nil)
	if err == nil || rec.status != 0 {
		return
	}
	if r.Context().Err() != nil {
		rec.WriteHeader(statusClientGone)
		return
	}
	status := http.StatusBadGateway
	var failure caddyhttp.HandlerError
	if errors.As(err, &failure) {
		status = failure.StatusCode
	}
	status, page := failurePage(status)
	writePage(rec, status, page)
}

// distrust removes what a client says of proxies before us: there are none. The proxy sets X-Forwarded-For, -Host and
// -Proto itself.
func distrust(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "X-Forwarded-") {
			delete(h, name)
		}
	}
	delete(h, "Forwarded")
	delete(h, "X-Real-Ip")
	delete(h, "Via")
}
