package proxy

import (
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestRoutesByHostAndLongestPrefix(t *testing.T) {
	e := start(t, t.TempDir())
	web, api, v2, other := backend(t, named("web")), backend(t, named("api")), backend(t, named("v2")), backend(t, named("other"))
	e.put(t, table("1-a", to("web", "shop.example.com/", web), to("api", "shop.example.com/api", api),
		to("v2", "shop.example.com/api/v2", v2), to("none", "shop.example.com/none"), to("deep", "deep.example.com/only", web)))
	if _, err := e.client.Put(t.Context(), app.EdgeTable{Site: "default/blog/production", Release: "7-b", Fence: 1,
		Routes: []app.EdgeRoute{to("other", "*/", other)}}); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		host, path string
		status     int
		body       string
	}{
		{"shop.example.com", "/", 200, "web"},
		{"SHOP.example.com:8080", "/x", 200, "web"},
		{"shop.example.com.", "/apix", 200, "web"},
		{"shop.example.com", "/api", 200, "api"},
		{"shop.example.com", "/api/", 200, "api"},
		{"shop.example.com", "/api/v2x", 200, "api"},
		{"shop.example.com", "/api/v2/x?y=1", 200, "v2"},
		{"shop.example.com", "/none", 503, pageNoRelease},
		{"deep.example.com", "/", 404, pageUnknownPath},
		{"elsewhere.example.com", "/", 200, "other"},
	}
	for _, c := range cases {
		status, body := e.get(t, c.host, c.path)
		if status != c.status || body != c.body {
			t.Errorf("%s%s: %d %q, want %d %q", c.host, c.path, status, body, c.status, c.body)
		}
	}
	if _, err := e.client.Delete(t.Context(), "default/blog/production", 1); err != nil {
		t.Fatal(err)
	}
	if status, body := e.get(t, "elsewhere.example.com", "/"); status != 404 || body != pageUnknownHost {
		t.Errorf("unknown host: %d %q", status, body)
	}
}

func TestStripsPrefixAndKeepsEscapes(t *testing.T) {
	e := start(t, t.TempDir())
	echo := backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := w.Write([]byte(r.RequestURI + " " + r.Header.Get("X-Forwarded-Prefix"))); err != nil {
			t.Error(err)
		}
	}))
	route := to("api", "shop.example.com/api", echo)
	route.Route.StripPrefix = true
	e.put(t, table("1-a", route))
	for path, want := range map[string]string{
		"/api": "/ /api", "/api/": "/ /api", "/api/a%2Fb?q=1": "/a%2Fb?q=1 /api", "/%61pi/c%20d": "/c%20d /api",
	} {
		if _, body := e.get(t, "shop.example.com", path); body != want {
			t.Errorf("%s reached the service as %q, want %q", path, body, want)
		}
	}
}

func TestForwardedHeadersAreTheEdgesOwn(t *testing.T) {
	e := start(t, t.TempDir())
	var seen http.Header
	var host string
	echo := backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen, host = r.Header, r.Host }))
	e.put(t, table("1-a", to("web", "shop.example.com/", echo)))
	req := e.request(t, http.MethodGet, "shop.example.com", "/", nil)
	for name, value := range map[string]string{
		"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example.com",
		"X-Forwarded-Prefix": "/evil", "X-Real-Ip": "9.9.9.9", "Forwarded": "for=9.9.9.9", probeHeader: "guess",
		"Connection": "X-Private", "X-Private": "1", "Proxy-Authorization": "x",
	} {
		req.Header.Set(name, value)
	}
	if status, _ := do(t, http.DefaultClient, req); status != http.StatusOK {
		t.Fatal(status)
	}
	want := map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "shop.example.com",
		"X-Forwarded-Prefix": "", "X-Real-Ip": "", "Forwarded": "", probeHeader: "", "X-Private": "", "Proxy-Authorization": "",
	}
	for name, value := range want {
		if got := strings.Join(seen.Values(name), ","); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if host != "shop.example.com" {
		t.Errorf("host %q", host)
	}
}

func TestRefusesBodiesThatAreTooLarge(t *testing.T) {
	e := start(t, t.TempDir())
	reads := backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buffer := make([]byte, 1<<10)
		for {
			if _, err := r.Body.Read(buffer); err != nil {
				return
			}
		}
	}))
	route := to("web", "shop.example.com/", reads)
	route.Route.MaxBody = 10
	e.put(t, table("1-a", route))
	for _, c := range []struct {
		body    string
		chunked bool
		status  int
	}{{"0123456789", false, 200}, {"0123456789", true, 200}, {"0123456789x", false, 413}, {"0123456789x", true, 413}} {
		req := e.request(t, http.MethodPost, "shop.example.com", "/", strings.NewReader(c.body))
		if c.chunked {
			req.ContentLength = -1
		}
		if status, _ := do(t, http.DefaultClient, req); status != c.status {
			t.Errorf("%d bytes, chunked %v: %d, want %d", len(c.body), c.chunked, status, c.status)
		}
	}
}
