package proxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
)

const site = "default/shop/production"

// running is an edge of this process with a client of its socket.
type running struct {
	*Edge
	client *edge.Client
	url    string
	dir    string
}

func start(t testing.TB, dir string) *running {
	t.Helper()
	e, err := Start(Config{State: dir, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := e.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return &running{Edge: e, client: clientOf(dir), dir: dir, url: "http://127.0.0.1:" + strconv.Itoa(e.Port())}
}

func clientOf(dir string) *edge.Client {
	return edge.New(func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, edge.Socket))
	})
}

// backend serves handler and returns its "address:port".
func backend(t testing.TB, handler http.Handler) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// named answers every request with a text.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The client has gone where this fails.
		_, _ = io.WriteString(w, name)
	})
}

func table(release string, routes ...app.EdgeRoute) app.EdgeTable {
	return app.EdgeTable{Site: site, Release: release, Routes: routes, Fence: 1}
}

// to routes a host and path, "shop.example.com/api", to upstreams.
func to(service, at string, upstreams ...string) app.EdgeRoute {
	host, path, _ := strings.Cut(at, "/")
	return app.EdgeRoute{Service: service, Upstreams: upstreams,
		Route: app.Route{Hosts: []string{host}, Path: "/" + path, Port: 80}}
}

func (r *running) put(t testing.TB, table app.EdgeTable) *app.EdgeTable {
	t.Helper()
	previous, err := r.client.Put(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	return previous
}

func (r *running) request(t testing.TB, method, host, path string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	return req
}

// get asks the edge and returns the status and the body.
func (r *running) get(t testing.TB, host, path string) (int, string) {
	t.Helper()
	return do(t, http.DefaultClient, r.request(t, http.MethodGet, host, path, nil))
}

func do(t testing.TB, client *http.Client, req *http.Request) (int, string) {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// release returns the counts of one release; none where the edge has forgotten it.
func (r *running) release(t testing.TB, id string) app.EdgeRelease {
	t.Helper()
	status, err := r.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range status.Releases {
		if c.Release == id {
			return c
		}
	}
	return app.EdgeRelease{}
}

// eventually waits, with a bound, until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
