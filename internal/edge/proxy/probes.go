package proxy

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

const (
	probeHeader = "X-Longshore-Probe"
	// probeTimeout is longer than the edge waits for a replica.
	probeTimeout = 15 * time.Second
	// probeTries is how often a probe dials until it lands here: while two edges share the port, the system gives half
	// of the connections to the other.
	probeTries = 64
)

// probes are the requests that the edge sends through itself, by the secret that each carries once.
type probes struct {
	mu      sync.Mutex
	waiting map[string]*probe
}

// probe notes where one request was sent.
type probe struct {
	mu               sync.Mutex
	landed           bool
	service, release string
}

// take removes the secret from a request and, where it is one that waits, uses it up. Requests of clients yield nil.
func (p *probes) take(r *http.Request) *probe {
	values, ok := r.Header[probeHeader]
	if !ok {
		return nil
	}
	delete(r.Header, probeHeader)
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.waiting[values[0]]
	delete(p.waiting, values[0])
	found.land()
	return found
}

func (p *probe) land() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.landed = true
	p.mu.Unlock()
}

func (p *probe) answered(t *target) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.service, p.release = t.service, t.generation.release
	p.mu.Unlock()
}

// send sends a request through the listener on port, from outside as far as the listener knows.
func (p *probes) send(ctx context.Context, port int, ask app.EdgeProbe) app.EdgeAnswer {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	for range probeTries {
		answer, landed := p.once(ctx, port, ask)
		if landed || ctx.Err() != nil {
			answer.Missed = !landed
			return answer
		}
	}
	return app.EdgeAnswer{Error: "no request of the edge's own reached it", Missed: true}
}

func (p *probes) once(ctx context.Context, port int, ask app.EdgeProbe) (answer app.EdgeAnswer, landed bool) {
	secret := rand.Text()
	sent := &probe{}
	p.mu.Lock()
	p.waiting[secret] = sent
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.waiting, secret)
		p.mu.Unlock()
	}()

	path, err := url.ParseRequestURI(ask.Path)
	if err != nil {
		return app.EdgeAnswer{Error: fmt.Sprintf("path %q: %v", ask.Path, err)}, true
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	target := url.URL{Scheme: "http", Host: address, Path: path.Path, RawPath: path.RawPath, RawQuery: path.RawQuery}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return app.EdgeAnswer{Error: err.Error()}, true
	}
	req.Host = ask.Host
	req.Header.Set(probeHeader, secret)
	req.Header.Set("User-Agent", "longshore-edge")
	res, err := plainTransport(false).RoundTrip(req)
	sent.mu.Lock()
	defer sent.mu.Unlock()
	if err != nil {
		return app.EdgeAnswer{Error: err.Error(), Service: sent.service, Release: sent.release}, sent.landed
	}
	defer res.Body.Close()
	return app.EdgeAnswer{
		OK:     sent.release != "" && res.StatusCode < http.StatusInternalServerError,
		Status: res.StatusCode, Service: sent.service, Release: sent.release,
	}, sent.landed
}
