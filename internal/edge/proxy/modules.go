package proxy

import (
	"sync"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy" // registers proxyModule
)

// The names of our modules in Caddy's registry, and of its own that we load.
const (
	appModule       = "longshore"
	routerModule    = "longshore"
	listenerModule  = "longshore"
	transportModule = "longshore"
	retryModule     = "longshore_replayable"
	proxyModule     = "http.handlers.reverse_proxy"
)

// register enters our modules in Caddy's registry, which is global to the process and takes each name once.
var register = sync.OnceFunc(func() {
	for _, module := range []caddy.Module{new(edgeApp), new(router), new(listenerWrapper), new(transport), new(replayable)} {
		caddy.RegisterModule(module)
	}
})
