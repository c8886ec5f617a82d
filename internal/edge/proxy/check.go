package proxy

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

const (
	checkTimeout    = 5 * time.Second // where the check names none
	maxCheckTimeout = time.Minute
)

// runCheck asks a container whether it is healthy: any 2xx or 3xx, or with no path a connection.
func runCheck(ctx context.Context, check app.EdgeCheck) app.EdgeAnswer {
	timeout := check.Timeout
	if timeout <= 0 {
		timeout = checkTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, min(timeout, maxCheckTimeout))
	defer cancel()
	if check.Path == "" {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", check.Address)
		if err != nil {
			return app.EdgeAnswer{Error: err.Error()}
		}
		// It has proved what it was opened for.
		_ = conn.Close()
		return app.EdgeAnswer{OK: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+check.Address+check.Path, nil)
	if err != nil {
		return app.EdgeAnswer{Error: err.Error()}
	}
	if check.Host != "" {
		req.Host = check.Host
	}
	req.Header.Set("User-Agent", "longshore-edge")
	res, err := plainTransport(check.H2C).RoundTrip(req)
	if err != nil {
		return app.EdgeAnswer{Error: err.Error()}
	}
	defer res.Body.Close()
	return app.EdgeAnswer{OK: res.StatusCode >= 200 && res.StatusCode < 400, Status: res.StatusCode}
}

// plainTransport sends one request: it follows no redirect, uses no proxy and keeps no connection.
func plainTransport(h2c bool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!h2c)
	protocols.SetUnencryptedHTTP2(h2c)
	return &http.Transport{DisableKeepAlives: true, DisableCompression: true, Protocols: protocols}
}
