package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/longshore-dev/longshore/internal/app"
)

const (
	defaultDial = 5 * time.Second
	// retryFor is how long a request that may be sent again waits for a replica, beyond one failed dial: the time that
	// Docker takes to restart a container.
	retryFor   = 5 * time.Second
	retryEvery = 50 * time.Millisecond
	// avoidFor is how long a replica that failed is passed over while others are there.
	avoidFor = 2 * time.Second
)

// generation is one set of routes of one release of a site, from the time that it is sent requests until the last of
// them has ended. It is the live release's or a canary's, and may go from one to the other.
type generation struct {
	site, release string
	routes        []app.EdgeRoute
	targets       []*target
	conns         *connections
	tally         *tally

	inFlight atomic.Int64 // requests, upgraded ones included
	upgraded atomic.Int64

	replaced atomic.Bool
	retired  sync.Once
	cancel   context.CancelFunc
	gone     func(*generation)
}

// target is where one route of a generation leads.
type target struct {
	generation *generation
	service    string
	route      app.Route
	// proxy is nil where the service has no replica.
	proxy caddyhttp.MiddlewareHandler
}

// tally counts the ended requests of one release, over all of its generations.
type tally struct {
	requests, failed atomic.Int64
}

// count adds a request. Together with ended it never shows more failures than requests.
func (t *tally) count(failed bool) {
	t.requests.Add(1)
	if failed {
		t.failed.Add(1)
	}
}

func (t *tally) ended() (requests, failed int64) {
	failed = t.failed.Load()
	return t.requests.Load(), failed
}

// provision makes the generation's handlers; gone is called once, after the last request of a replaced generation. What
// it has made is freed where it fails.
func (g *generation) provision(parent caddy.Context, gone func(*generation)) error {
	ctx, cancel := caddy.NewContext(parent)
	g.conns, g.cancel, g.gone = newConnections(), cancel, gone
	ctx = ctx.WithValue(connectionsKey{}, g.conns)
	for _, route := range g.routes {
		t := &target{generation: g, service: route.Service, route: route.Route}
		if g.release != "" && len(route.Upstreams) > 0 {
			module, err := ctx.LoadModuleByID(proxyModule, proxyConfig(route))
			if err != nil {
				cancel()
				return fmt.Errorf("preparing service %s: %w", route.Service, err)
			}
			t.proxy = module.(caddyhttp.MiddlewareHandler)
		}
		g.targets = append(g.targets, t)
	}
	return nil
}

func proxyConfig(route app.EdgeRoute) json.RawMessage {
	dial := route.Route.Timeouts.Dial
	if dial == 0 {
		dial = defaultDial
	}
	handler := reverseproxy.Handler{
		TransportRaw: caddyconfig.JSONModuleObject(transport{
			Dial:     caddy.Duration(dial),
			Response: caddy.Duration(route.Route.Timeouts.Response),
			H2C:      route.Route.H2C,
		}, "protocol", transportModule, nil),
		LoadBalancing: &reverseproxy.LoadBalancing{
			SelectionPolicyRaw: caddyconfig.JSONModuleObject(struct{}{}, "policy", "least_conn", nil),
			TryDuration:        caddy.Duration(dial + retryFor),
			TryInterval:        caddy.Duration(retryEvery),
			RetryMatchRaw:      caddyhttp.RawMatcherSets{{retryModule: json.RawMessage("{}")}},
		},
	}
	for _, address := range route.Upstreams {
		handler.Upstreams = append(handler.Upstreams, &reverseproxy.Upstream{Dial: address})
	}
	// A lone replica is asked even after it failed: there is no better one.
	if len(route.Upstreams) > 1 {
		handler.HealthChecks = &reverseproxy.HealthChecks{
			Passive: &reverseproxy.PassiveHealthChecks{FailDuration: caddy.Duration(avoidFor)},
		}
	}
	return caddyconfig.JSON(handler, nil)
}

// enter counts a request. It says false, and counts nothing, where the view that led here is no longer current: the
// request then has to look again. Without that second look a request could be counted after a swap had found the
// count at zero.
func (g *generation) enter(current *atomic.Pointer[view], seen *view) bool {
	g.inFlight.Add(1)
	if current.Load() == seen {
		return true
	}
	g.leave()
	return false
}

// leave ends what enter counted.
func (g *generation) leave() {
	if g.inFlight.Add(-1) == 0 && g.replaced.Load() {
		go g.retire()
	}
}

// replace says that no current view leads here any more.
func (g *generation) replace() {
	g.replaced.Store(true)
	if g.inFlight.Load() == 0 {
		go g.retire()
	}
}

// retire frees the handlers, closing what is still upgraded.
func (g *generation) retire() {
	g.retired.Do(func() {
		g.cancel()
		g.gone(g)
	})
}

// drop ends the generation at once, with whatever it has in flight.
func (g *generation) drop() {
	g.retire()
	g.conns.close()
}
