package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/longshore-dev/longshore/internal/edge"
)

// TestLosesNothingAcrossSwaps swaps releases under keep-alive GETs and POSTs, and stops each old release hard as soon
// as the edge says that nothing is in flight there.
func TestLosesNothingAcrossSwaps(t *testing.T) {
	const swaps, workers = 200, 8
	e := start(t, t.TempDir())
	newRelease := func(n int) (id string, s *httptest.Server) {
		id = fmt.Sprintf("%d-a", n)
		return id, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			if r.URL.Path == "/slow" {
				time.Sleep(3 * time.Millisecond)
			}
			w.Header().Set("Release", id)
			_, _ = w.Write(body)
		}))
	}
	id, live := newRelease(0)
	e.put(t, table(id, to("web", "shop.example.com/", live.Listener.Addr().String())))

	ctx, cancel := context.WithCancel(t.Context())
	var made, lost atomic.Int64
	var wg sync.WaitGroup
	for worker := range workers {
		client := &http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				method, path, body := http.MethodGet, "/", ""
				if worker%2 == 0 {
					method, body = http.MethodPost, fmt.Sprintf("%d/%d", worker, i)
				}
				if worker%4 >= 2 {
					path = "/slow"
				}
				req := e.request(t, method, "shop.example.com", path, strings.NewReader(body))
				res, err := client.Do(req)
				made.Add(1)
				if err != nil {
					lost.Add(1)
					continue
				}
				got, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != http.StatusOK || string(got) != body {
					t.Logf("%s: %d %q %v", method, res.StatusCode, got, err)
					lost.Add(1)
				}
			}
		})
	}
	for n := 1; n <= swaps; n++ {
		oldID, old := id, live
		id, live = newRelease(n)
		e.put(t, table(id, to("web", "shop.example.com/", live.Listener.Addr().String())))
		eventually(t, "the old release is idle", func() bool { return e.release(t, oldID).InFlight == 0 })
		old.CloseClientConnections()
		old.Close()
	}
	cancel()
	wg.Wait()
	live.Close()
	if lost.Load() > 0 || made.Load() < swaps {
		t.Errorf("%d of %d requests lost", lost.Load(), made.Load())
	}
	t.Logf("%d requests, %d swaps", made.Load(), swaps)
}

func TestCountsARequestForTheReleaseThatItWasRoutedTo(t *testing.T) {
	e := start(t, t.TempDir())
	arrived, finish := make(chan struct{}), make(chan struct{})
	slow := backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-finish
		_, _ = io.WriteString(w, "one")
	}))
	e.put(t, table("1-a", to("web", "shop.example.com/", slow)))
	answer := make(chan string, 1)
	go func() {
		_, body := e.get(t, "shop.example.com", "/")
		answer <- body
	}()
	<-arrived
	e.put(t, table("2-b", to("web", "shop.example.com/", backend(t, named("two")))))
	if _, body := e.get(t, "shop.example.com", "/"); body != "two" {
		t.Errorf("after the swap: %q", body)
	}
	if c := e.release(t, "1-a"); c.InFlight != 1 || c.Live {
		t.Errorf("the old release: %+v", c)
	}
	if c := e.release(t, "2-b"); !c.Live {
		t.Errorf("the new release: %+v", c)
	}
	close(finish)
	if body := <-answer; body != "one" {
		t.Errorf("the slow request: %q", body)
	}
	eventually(t, "the old release is forgotten", func() bool { return e.release(t, "1-a").InFlight == 0 })
}

// echoSocket is a WebSocket service that answers each message with its name and the message.
func echoSocket(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, append([]byte(name+" "), message...)); err != nil {
				return
			}
		}
	})
}

func say(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := c.Read(t.Context()); err != nil || string(got) != want {
		t.Fatalf("%q %v, want %q", got, err, want)
	}
}

func TestWebSocketOutlivesASwapUntilItsReleaseIsDropped(t *testing.T) {
	e := start(t, t.TempDir())
	e.put(t, table("1-a", to("web", "shop.example.com/", backend(t, echoSocket("one")))))
	c, _, err := websocket.Dial(t.Context(), e.url, &websocket.DialOptions{Host: "shop.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	say(t, c, "one hi")
	if err := e.client.Drop(t.Context(), site, "1-a"); !errors.Is(err, edge.ErrLive) {
		t.Errorf("dropping the live release: %v", err)
	}
	e.put(t, table("2-b", to("web", "shop.example.com/", backend(t, echoSocket("two")))))
	say(t, c, "one hi")
	if got := e.release(t, "1-a"); got.InFlight != 1 || got.Upgraded != 1 {
		t.Errorf("the old release: %+v", got)
	}
	if err := e.client.Drop(t.Context(), site, "1-a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the dropped connection ended with %v", err)
	}
	eventually(t, "the old release is forgotten", func() bool { return e.release(t, "1-a").InFlight == 0 })
}

func TestDropEndsRequestsThatHang(t *testing.T) {
	e := start(t, t.TempDir())
	hang := make(chan struct{})
	defer close(hang)
	arrived := make(chan struct{}, 8)
	e.put(t, table("1-a", to("web", "shop.example.com/", backend(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-hang
	})))))
	status := make(chan int, 1)
	go func() {
		code, _ := e.get(t, "shop.example.com", "/")
		status <- code
	}()
	<-arrived
	e.put(t, table("2-b", to("web", "shop.example.com/", backend(t, named("two")))))
	if err := e.client.Drop(t.Context(), site, "1-a"); err != nil {
		t.Fatal(err)
	}
	if code := <-status; code != http.StatusBadGateway {
		t.Errorf("status %d", code)
	}
}

func TestSwitchBackToAReleaseThatStillDrains(t *testing.T) {
	e := start(t, t.TempDir())
	one := backend(t, echoSocket("one"))
	first := table("1-a", to("web", "shop.example.com/", one))
	e.put(t, first)
	c, _, err := websocket.Dial(t.Context(), e.url, &websocket.DialOptions{Host: "shop.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	e.put(t, table("2-b", to("web", "shop.example.com/", backend(t, named("two")))))
	if previous := e.put(t, first); previous == nil || previous.Release != "2-b" {
		t.Errorf("previous: %+v", previous)
	}
	say(t, c, "one hi")
	if got := e.release(t, "1-a"); got.InFlight != 1 || !got.Live {
		t.Errorf("both generations of the release: %+v", got)
	}
}

func TestSwapsLeaveNothingBehind(t *testing.T) {
	const swaps = 40
	e := start(t, t.TempDir())
	web := backend(t, named("web"))
	swap := func(n int) {
		e.put(t, table(fmt.Sprintf("%d-a", n), to("web", "shop.example.com/", web, web)))
		if status, _ := e.get(t, "shop.example.com", "/"); status != http.StatusOK {
			t.Fatal(status)
		}
	}
	swap(0)
	before := runtime.NumGoroutine()
	for n := range swaps {
		swap(n + 1)
	}
	eventually(t, "the old generations are gone", func() bool { return runtime.NumGoroutine() < before+swaps/4 })
	eventually(t, "the old generations are forgotten", func() bool {
		e.app.routes.mu.Lock()
		defer e.app.routes.mu.Unlock()
		return len(e.app.routes.old) == 0
	})
}
