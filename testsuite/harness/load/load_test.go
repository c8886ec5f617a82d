package load

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// answer behaves like the test app, and says it is version 1.
func answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("App-Version", "1")
	switch r.URL.Path {
	case "/echo":
		_, _ = io.Copy(w, r.Body)
	case "/slow":
		fmt.Fprintln(w, "begin")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(20 * time.Millisecond)
		fmt.Fprintln(w, "end")
	case "/ws":
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for {
			kind, message, err := conn.Read(r.Context())
			if err != nil || conn.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	}
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func all() map[Kind]int { return map[Kind]int{Get: 2, Post: 2, Slow: 1, WebSocket: 1} }

// under runs a load until it has made n requests.
func under(t *testing.T, options Options, n int64, meanwhile func()) Report {
	t.Helper()
	l, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	until(t, l, n)
	if meanwhile != nil {
		meanwhile()
		until(t, l, l.Report().Made+n)
	}
	return l.Stop()
}

func until(t *testing.T, l *Load, n int64) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); l.Report().Made < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not enough requests in time: %s", l.Report())
		}
	}
}

func TestNothingIsLostOnAGoodServer(t *testing.T) {
	server := serve(t, answer)
	report := under(t, Options{URL: server.URL, Host: "app.example", Connections: all()}, 200, nil)
	if report.Lost != 0 || report.ByVersion["1"] != report.Made {
		t.Error(report)
	}
	for kind := range all() {
		if report.ByKind[kind].Made == 0 {
			t.Errorf("no %s was made", kind)
		}
	}
}

func TestRateIsABound(t *testing.T) {
	server := serve(t, answer)
	report := under(t, Options{URL: server.URL, Connections: map[Kind]int{Get: 4}, Rate: 100}, 30, nil)
	if report.Took < 200*time.Millisecond {
		t.Errorf("30 requests at 100 a second took %v", report.Took)
	}
}

func TestLossesAreCounted(t *testing.T) {
	for name, test := range map[string]struct {
		kind    Kind
		handler func(n int64) http.HandlerFunc
	}{
		"an error answer": {Get, func(int64) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		}},
		"an answer that breaks off": {Get, func(int64) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				fmt.Fprint(w, "short")
			}
		}},
		"another's echo": {Post, func(int64) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "something else") }
		}},
		"a WebSocket that breaks off": {WebSocket, func(int64) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if conn, err := websocket.Accept(w, r, nil); err == nil {
					_ = conn.CloseNow()
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if i := n.Add(1); i == 3 {
					test.handler(i)(w, r)
					return
				}
				if test.kind == WebSocket {
					// One message a connection, so that there is a third one.
					if conn, err := websocket.Accept(w, r, nil); err == nil {
						if kind, message, err := conn.Read(r.Context()); err == nil {
							_ = conn.Write(r.Context(), kind, message)
						}
						_ = conn.Close(websocket.StatusGoingAway, "")
					}
					return
				}
				answer(w, r)
			})
			report := under(t, Options{URL: server.URL, Connections: map[Kind]int{test.kind: 1}}, 10, nil)
			if report.Lost != 1 || len(report.Losses) != 1 || report.ByKind[test.kind].Lost != 1 {
				t.Error(report)
			}
		})
	}
}

// A server that drops kept-alive connections makes a transport repeat its GETs in silence: that is a loss here.
func TestDroppedConnectionsAreLosses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				request := make([]byte, 4096)
				for i := range 4 {
					if _, err := conn.Read(request); err != nil || i == 3 {
						return // the fourth request is read and never answered
					}
					fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
				}
			}()
		}
	}()
	report := under(t, Options{URL: "http://" + listener.Addr().String(), Connections: map[Kind]int{Get: 1}}, 20, nil)
	if report.Lost == 0 {
		t.Errorf("no loss was seen: %s", report)
	}
}

func TestOnlyLoopbackIsLoaded(t *testing.T) {
	for _, target := range []string{"http://192.0.2.1:80", "http://app.example", "https://127.0.0.1:1", "127.0.0.1:80"} {
		if l, err := Start(t.Context(), Options{URL: target}); err == nil {
			l.Stop()
			t.Errorf("%s was accepted", target)
		}
	}
}
