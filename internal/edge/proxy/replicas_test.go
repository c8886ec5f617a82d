package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// freeAddress is an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestWaitsForALoneReplicaThatRestarts(t *testing.T) {
	e := start(t, t.TempDir())
	address := freeAddress(t)
	e.put(t, table("1-a", to("web", "shop.example.com/", address)))
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		var back *httptest.Server
		timer := time.AfterFunc(300*time.Millisecond, func() {
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			back = &httptest.Server{Listener: l, Config: &http.Server{Handler: named("back")}}
			back.Start()
		})
		status, body := do(t, http.DefaultClient, e.request(t, method, "shop.example.com", "/", strings.NewReader("x")))
		if timer.Stop() || status != http.StatusOK || body != "back" {
			t.Errorf("%s: %d %q", method, status, body)
		}
		back.CloseClientConnections()
		back.Close()
	}
}

func TestGoesAroundADeadReplica(t *testing.T) {
	e := start(t, t.TempDir())
	e.put(t, table("1-a", to("web", "shop.example.com/", freeAddress(t), backend(t, named("alive")))))
	for i := range 50 {
		method := []string{http.MethodGet, http.MethodPost}[i%2]
		begin := time.Now()
		status, body := do(t, http.DefaultClient, e.request(t, method, "shop.example.com", "/", strings.NewReader("x")))
		if status != http.StatusOK || body != "alive" || time.Since(begin) > time.Second {
			t.Errorf("%s: %d %q after %v", method, status, body, time.Since(begin))
		}
	}
}

// abrupt reads whole requests and closes each connection without an answer, until it has done so often enough.
func abrupt(t *testing.T, times int64) (address string, requests *atomic.Int64) {
	requests = &atomic.Int64{}
	return backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		if requests.Add(1) <= times {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "ok")
	})), requests
}

func TestSendsAgainOnlyWhatReads(t *testing.T) {
	for _, c := range []struct {
		method, body string
		status       int
		sent         int64
	}{
		{http.MethodGet, "", 200, 2}, {http.MethodHead, "", 200, 2},
		{http.MethodPost, "x", 502, 1}, {http.MethodPost, "", 502, 1}, {http.MethodDelete, "", 502, 1}, {http.MethodGet, "x", 502, 1},
	} {
		t.Run(fmt.Sprintf("%s %q", c.method, c.body), func(t *testing.T) {
			e := start(t, t.TempDir())
			address, requests := abrupt(t, 1)
			e.put(t, table("1-a", to("web", "shop.example.com/", address)))
			status, _ := do(t, http.DefaultClient, e.request(t, c.method, "shop.example.com", "/", strings.NewReader(c.body)))
			if status != c.status || requests.Load() != c.sent {
				t.Errorf("%d after %d requests, want %d after %d", status, requests.Load(), c.status, c.sent)
			}
		})
	}
}

func TestASlowReplicaIsNotAskedAgain(t *testing.T) {
	e := start(t, t.TempDir())
	var requests atomic.Int64
	release := make(chan struct{})
	defer close(release)
	route := to("web", "shop.example.com/", backend(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		requests.Add(1)
		<-release
	})))
	route.Route.Timeouts.Response = 100 * time.Millisecond
	e.put(t, table("1-a", route))
	if status, body := e.get(t, "shop.example.com", "/"); status != http.StatusGatewayTimeout || body != pageTimeout || requests.Load() != 1 {
		t.Errorf("%d %q after %d requests", status, body, requests.Load())
	}
}

// TestAClientThatBreaksOffIsNotTheReplicasFault sends halves of bodies, which must not take the replicas out of use.
func TestAClientThatBreaksOffIsNotTheReplicasFault(t *testing.T) {
	e := start(t, t.TempDir())
	drain := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	e.put(t, table("1-a", to("web", "shop.example.com/", backend(t, drain), backend(t, drain))))
	for range 4 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(e.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 10\r\n\r\nhalf"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the request is in flight", func() bool { return e.release(t, "1-a").InFlight == 1 })
		conn.Close()
		eventually(t, "the request has ended", func() bool { return e.release(t, "1-a").InFlight == 0 })
	}
	begin := time.Now()
	if status, _ := e.get(t, "shop.example.com", "/"); status != http.StatusOK || time.Since(begin) > time.Second {
		t.Errorf("%d after %v", status, time.Since(begin))
	}
}

// TestStreamsAsItComes reads each line of a stream before the next is written.
func TestStreamsAsItComes(t *testing.T) {
	e := start(t, t.TempDir())
	next := make(chan struct{})
	e.put(t, table("1-a", to("web", "shop.example.com/", backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			_, _ = fmt.Fprintf(w, "data: %d\n", i)
			w.(http.Flusher).Flush()
			<-next
		}
	})))))
	res, err := http.DefaultClient.Do(e.request(t, http.MethodGet, "shop.example.com", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 3 {
		if line, err := lines.ReadString('\n'); err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("%q %v", line, err)
		}
		next <- struct{}{}
	}
}

// TestNeverReusesAnOldConnectionForAPost has a service that closes connections after a second and a half of idleness:
// the edge must have closed its own by then, so that no POST crosses the service's close.
func TestNeverReusesAnOldConnectionForAPost(t *testing.T) {
	e := start(t, t.TempDir())
	var opened atomic.Int64
	s := httptest.NewUnstartedServer(named("ok"))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	e.put(t, table("1-a", to("web", "shop.example.com/", s.Listener.Addr().String())))
	post := func() {
		if status, _ := do(t, http.DefaultClient, e.request(t, http.MethodPost, "shop.example.com", "/", strings.NewReader("x"))); status != 200 {
			t.Error(status)
		}
	}
	post()
	post()
	if opened.Load() != 1 {
		t.Errorf("%d connections for two requests in a row", opened.Load())
	}
	time.Sleep(keepOnce + 200*time.Millisecond)
	post()
	if opened.Load() != 2 {
		t.Errorf("%d connections after an idle time", opened.Load())
	}
}
