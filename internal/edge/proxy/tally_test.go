package proxy

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/longshore-dev/longshore/internal/app"
)

// TestCountsWhatFailed sends one request of a kind to a release that answers it, and looks at what was counted.
func TestCountsWhatFailed(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	cutOff := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		failed  int64
	}{
		"200":       {status(200), 0},
		"404":       {status(404), 0},
		"500":       {status(500), 1},
		"503":       {status(503), 1},
		"too slow":  {hang, 1},
		"cut off":   {cutOff, 1},
		"no answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, t.TempDir())
			route := to("web", "shop.example.com/", backend(t, c.handler))
			route.Route.Timeouts.Response = 100 * time.Millisecond
			e.put(t, table("1-a", route))
			res, err := http.DefaultClient.Do(e.request(t, http.MethodPost, "shop.example.com", "/", nil))
			if err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			eventually(t, "it is counted", func() bool { return e.release(t, "1-a").Requests == 1 && e.release(t, "1-a").InFlight == 0 })
			if got := e.release(t, "1-a"); got.Failed != c.failed {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestAReleaseWithoutReplicasFails counts the edge's own answers for it.
func TestAReleaseWithoutReplicasFails(t *testing.T) {
	e := start(t, t.TempDir())
	e.put(t, table("1-a", to("none", "none.example.com/")))
	e.get(t, "none.example.com", "/")
	eventually(t, "it is counted", func() bool {
		return e.release(t, "1-a") == app.EdgeRelease{Site: site, Release: "1-a", Live: true, Requests: 1, Failed: 1}
	})
}

func TestAClientThatGoesIsNoFailure(t *testing.T) {
	arrived := make(chan struct{}, 1)
	waits := func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}
	streams := func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
				return
			}
		}
	}
	for name, handler := range map[string]http.HandlerFunc{"before the answer": waits, "within the answer": streams} {
		t.Run(name, func(t *testing.T) {
			e := start(t, t.TempDir())
			e.put(t, table("1-a", to("web", "shop.example.com/", backend(t, handler))))
			conn, err := net.Dial("tcp", strings.TrimPrefix(e.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			<-arrived
			conn.Close()
			eventually(t, "it is counted", func() bool { return e.release(t, "1-a").Requests == 1 })
			if got := e.release(t, "1-a"); got.Failed != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestAWebSocketCountsOnceAndProbesDoNot(t *testing.T) {
	e := start(t, t.TempDir())
	e.put(t, table("1-a", to("web", "shop.example.com/", backend(t, echoSocket("one")))))
	c, _, err := websocket.Dial(t.Context(), e.url, &websocket.DialOptions{Host: "shop.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	say(t, c, "one hi")
	say(t, c, "one hi")
	if _, err := e.client.Probe(t.Context(), app.EdgeProbe{Host: "shop.example.com", Path: "/"}); err != nil {
		t.Fatal(err)
	}
	if got := e.release(t, "1-a"); got.Requests != 0 || got.Upgraded != 1 {
		t.Errorf("while it is open: %+v", got)
	}
	c.CloseNow()
	eventually(t, "it has ended", func() bool { return e.release(t, "1-a").InFlight == 0 })
	if got := e.release(t, "1-a"); got.Requests != 1 || got.Failed != 0 {
		t.Errorf("%+v", got)
	}
}
