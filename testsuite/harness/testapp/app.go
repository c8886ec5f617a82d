package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// app answers requests. Every answer has the header App-Version.
type app struct {
	version string
	faults  faults

	goodbye    chan struct{} // closed once WebSockets must end
	goodbyes   sync.WaitGroup
	sayGoodbye func()
}

func newApp(version string, f faults) *app {
	a := &app{version: version, faults: f, goodbye: make(chan struct{})}
	a.sayGoodbye = sync.OnceFunc(func() { close(a.goodbye) })
	return a
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /up", a.up)
	mux.HandleFunc("GET /slow", a.slow)
	mux.HandleFunc("GET /bytes", a.bytes)
	mux.HandleFunc("GET /ws", a.socket)
	mux.HandleFunc("POST /echo", a.echo)
	mux.HandleFunc("/request", a.request)
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, a.version) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("App-Version", a.version)
		if a.faults.failRequests && r.URL.Path != "/up" {
			http.Error(w, "fails, as told by FAIL_REQUESTS", http.StatusInternalServerError)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (a *app) up(w http.ResponseWriter, _ *http.Request) {
	if !a.faults.healthy() {
		http.Error(w, "not healthy, as told", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// slow answers one line at once and one after ms milliseconds.
func (a *app) slow(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil {
		http.Error(w, "ms must be a number", http.StatusBadRequest)
		return
	}
	fmt.Fprintln(w, "begin")
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	fmt.Fprintln(w, "end")
}

// bytes answers n bytes.
func (a *app) bytes(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.URL.Query().Get("n"), 10, 64)
	if err != nil || n < 0 {
		http.Error(w, "n must be a number of bytes", http.StatusBadRequest)
		return
	}
	_, _ = io.CopyN(w, zeros{}, n)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (a *app) echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write(body)
}

// request answers what arrived, as JSON.
func (a *app) request(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "host": r.Host, "path": r.URL.RequestURI(), "proto": r.Proto,
		"remote": r.RemoteAddr, "header": r.Header,
	})
}

// socket echoes messages until the client or the app goes.
func (a *app) socket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	a.goodbyes.Add(1)
	defer a.goodbyes.Done()
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			kind, message, err := conn.Read(ctx)
			if err != nil {
				return
			}
			if err := conn.Write(ctx, kind, message); err != nil {
				return
			}
		}
	}()
	select {
	case <-done:
		_ = conn.CloseNow()
	case <-a.goodbye:
		_ = conn.Close(websocket.StatusGoingAway, "the app is going away")
		<-done
	}
}

func (a *app) awaitGoodbyes(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.goodbyes.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.New("WebSockets did not end")
	}
}
