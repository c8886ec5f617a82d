package docker

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fakeEngine answers the Docker API by path, without its version.
type fakeEngine struct {
	mu      sync.Mutex
	version string
	answers map[string]http.HandlerFunc // by "METHOD /path"
	asked   []string                    // "METHOD /vN.N/path"
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	version := f.version
	f.asked = append(f.asked, r.Method+" "+r.URL.Path)
	f.mu.Unlock()
	if r.URL.Path == "/_ping" {
		if version != "" {
			w.Header().Set("Api-Version", version)
		}
		return
	}
	asked, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v"), "/")
	if asked != version {
		text := "client version " + asked + " is too old. Minimum supported API version is " + version
		answer(http.StatusBadRequest, map[string]string{"message": text})(w, r)
		return
	}
	handler := f.answers[r.Method+" /"+path]
	if handler == nil {
		handler = answer(http.StatusNotFound, map[string]string{"message": "No such thing: " + path})
	}
	handler(w, r)
}

func answer(status int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
}

func refusal(status int, message string) http.HandlerFunc {
	return answer(status, map[string]string{"message": message})
}

func startFake(t *testing.T, f *fakeEngine) *Engine {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	e, err := New(func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}, "web-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}
