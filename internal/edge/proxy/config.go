package proxy

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Config is what an edge is started with.
type Config struct {
	// State is the folder for the kept routes and the admin socket. It must be on a file system of the host.
	State string
	// Port is where it serves plain HTTP; 0 lets the system choose.
	Port int
	// Version is what Status reports.
	Version string
}

const (
	readHeaderTimeout = 30 * time.Second
	// idleTimeout is longer than that of the load balancers and browsers in front, so that they close first: a server
	// that closes an idle connection may cross a request on it.
	idleTimeout = 5 * time.Minute
	serverName  = "edge"
)

// caddyConfig is the whole of Caddy's configuration. Nothing of it may depend on the routes.
func caddyConfig(cfg Config) (*caddy.Config, error) {
	server := &caddyhttp.Server{
		Listen:              []string{fmt.Sprintf(":%d", cfg.Port)},
		ListenerWrappersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(listenerWrapper{}, "wrapper", listenerModule, nil)},
		Protocols:           []string{"h1", "h2c"},
		ReadHeaderTimeout:   caddy.Duration(readHeaderTimeout),
		IdleTimeout:         caddy.Duration(idleTimeout),
		AutoHTTPS:           &caddyhttp.AutoHTTPSConfig{Disabled: true},
		Routes: caddyhttp.RouteList{{
			HandlersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(router{}, "handler", routerModule, nil)},
		}},
	}
	apps := map[string]any{
		appModule: edgeApp{State: cfg.State},
		"http":    caddyhttp.App{Servers: map[string]*caddyhttp.Server{serverName: server}},
		// The HTTP app always starts the TLS app, which must leave the read-only file system alone.
		"tls": map[string]any{"disable_storage_clean": true, "disable_ocsp_stapling": true, "disable_storage_check": true},
	}
	raw := caddy.ModuleMap{}
	for name, value := range apps {
		data, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("configuring %s: %w", name, err)
		}
		raw[name] = data
	}
	keep := false
	return &caddy.Config{
		Admin: &caddy.AdminConfig{Disabled: true, Config: &caddy.ConfigSettings{Persist: &keep}},
		Logging: &caddy.Logging{Logs: map[string]*caddy.CustomLog{caddy.DefaultLoggerName: {
			BaseLog: caddy.BaseLog{Level: "WARN"},
			// The first encodes every request for a log line that is then thrown away; the other says at every start that
			// it is off.
			Exclude: []string{proxyModule, "admin"},
		}}},
		AppsRaw: raw,
	}, nil
}
