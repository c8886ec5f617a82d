package proxy

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
)

// h2c is a protocol set of HTTP/2 without TLS and nothing else.
func h2c() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

func TestSpeaksHTTP2WithoutTLSToClientsAndServices(t *testing.T) {
	e := start(t, t.TempDir())
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	s := httptest.NewUnstartedServer(echo)
	s.Config.Protocols = h2c()
	s.Start()
	defer s.Close()
	modern := to("modern", "modern.example.com/", s.Listener.Addr().String())
	modern.Route.H2C = true
	e.put(t, table("1-a", modern, to("web", "shop.example.com/", backend(t, echo))))
	client := &http.Client{Transport: &http.Transport{Protocols: h2c()}}
	defer client.CloseIdleConnections()
	for host, want := range map[string]string{"modern.example.com": "HTTP/2.0", "shop.example.com": "HTTP/1.1"} {
		for _, c := range []*http.Client{client, http.DefaultClient} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				status, body := do(t, c, e.request(t, method, host, "/", strings.NewReader("")))
				if status != http.StatusOK || body != want {
					t.Errorf("%s %s: %d %q", method, host, status, body)
				}
			}
		}
	}
}

func TestProbeCannotBeSpoofed(t *testing.T) {
	e := start(t, t.TempDir())
	seen := make(chan string, 2)
	e.put(t, table("1-a", to("web", "shop.example.com/", backend(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get(probeHeader)
	})))))
	sent := &probe{}
	e.app.probes.mu.Lock()
	e.app.probes.waiting["secret"] = sent
	e.app.probes.mu.Unlock()
	for _, guess := range []string{"guess", ""} {
		req := e.request(t, http.MethodGet, "shop.example.com", "/", nil)
		req.Header.Set(probeHeader, guess)
		do(t, http.DefaultClient, req)
		if header := <-seen; header != "" || sent.landed {
			t.Errorf("the guess %q reached the service as %q, or was taken for the probe", guess, header)
		}
	}
}

func TestAccessLogIsALineOfJSON(t *testing.T) {
	var out strings.Builder
	var mu sync.Mutex
	log := newAccessLog(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(p)
	}))
	log.add(&entry{host: "shop.example.com", site: site, release: "1-a", service: "web", path: "/ä\"\x01", status: 200})
	log.close()
	var line map[string]any
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	for name, want := range map[string]any{"host": "shop.example.com", "site": site, "release": "1-a", "service": "web",
		"path": "/ä\"\x01", "status": 200.0, "duration_ms": 0.0} {
		if line[name] != want {
			t.Errorf("%s: %v, want %v", name, line[name], want)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestAccessLogNeverHoldsUpRequests logs to a reader that has stopped reading.
func TestAccessLogNeverHoldsUpRequests(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	log := newAccessLog(w)
	for range 2 * logBuffer / 100 {
		log.add(&entry{host: "shop.example.com", path: "/"})
	}
	if log.mu.Lock(); log.dropped == 0 {
		t.Error("nothing was left out")
	}
	log.mu.Unlock()
	go func() { _, _ = io.Copy(io.Discard, r) }()
	log.close()
}

func TestCountsClientsUntilTheyGo(t *testing.T) {
	e := start(t, t.TempDir())
	e.put(t, table("1-a", to("web", "shop.example.com/", backend(t, named("web")))))
	for name, transport := range map[string]*http.Transport{"HTTP/1.1": {}, "HTTP/2": {Protocols: h2c()}} {
		client := &http.Client{Transport: transport}
		for range 3 {
			do(t, client, e.request(t, http.MethodGet, "shop.example.com", "/", nil))
		}
		eventually(t, name+": the connection is idle", func() bool {
			open, active := e.app.clients.count()
			return open == 1 && active == 0
		})
		client.CloseIdleConnections()
		eventually(t, name+": the connection has gone", func() bool {
			open, _ := e.app.clients.count()
			return open == 0
		})
	}
}
