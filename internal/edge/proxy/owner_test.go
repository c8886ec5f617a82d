package proxy

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
)

func stop(t *testing.T, e *running, grace time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := e.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// startOnce starts an edge that the test shuts down by itself.
func startOnce(t *testing.T, dir string) *running {
	t.Helper()
	e, err := Start(Config{State: dir})
	if err != nil {
		t.Fatal(err)
	}
	return &running{Edge: e, client: clientOf(dir), dir: dir}
}

func TestRoutesAndFencesAreBackAfterARestart(t *testing.T) {
	dir := t.TempDir()
	web := backend(t, named("web"))
	first := startOnce(t, dir)
	wanted := table("1-a", to("web", "shop.example.com/", web))
	wanted.Fence = 9
	first.put(t, wanted)
	stop(t, first, time.Second)

	second := start(t, dir)
	if status, body := second.get(t, "shop.example.com", "/"); status != http.StatusOK || body != "web" {
		t.Errorf("%d %q", status, body)
	}
	wanted.Fence = 8
	if _, err := second.client.Put(t.Context(), wanted); !errors.Is(err, edge.ErrFenced) {
		t.Errorf("%v", err)
	}
}

func TestUnreadableRoutesArePutAsideAndReported(t *testing.T) {
	dir := t.TempDir()
	first := startOnce(t, dir)
	first.put(t, table("1-a", to("web", "shop.example.com/", backend(t, named("web")))))
	stop(t, first, time.Second)
	path := filepath.Join(dir, routesFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	torn := whole[:len(whole)/2]
	if err := os.WriteFile(path, torn, 0o600); err != nil {
		t.Fatal(err)
	}

	second := start(t, dir)
	status, err := second.client.Status(t.Context())
	if err != nil || !strings.Contains(status.Problem, routesFile+".unreadable-") || len(status.Tables) != 0 {
		t.Errorf("%+v %v", status, err)
	}
	aside, err := filepath.Glob(path + ".unreadable-*")
	if err != nil || len(aside) != 1 {
		t.Fatalf("%v %v", aside, err)
	}
	if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != string(torn) {
		t.Errorf("%q %v", kept, err)
	}
	second.put(t, table("2-b", to("web", "shop.example.com/", backend(t, named("web")))))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestASupersededEdgeChangesNothing(t *testing.T) {
	e := start(t, t.TempDir())
	e.put(t, table("1-a", to("web", "shop.example.com/", backend(t, named("one")))))
	newer := &store{dir: e.dir, instance: "newer"}
	if _, _, err := newer.claim(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(e.dir, routesFile))
	if err != nil {
		t.Fatal(err)
	}
	next := table("2-b", to("web", "shop.example.com/", backend(t, named("two"))))
	if _, err := e.client.Put(t.Context(), next); !errors.Is(err, edge.ErrSuperseded) {
		t.Errorf("put: %v", err)
	}
	if _, err := e.client.Delete(t.Context(), site, 1); !errors.Is(err, edge.ErrSuperseded) {
		t.Errorf("delete: %v", err)
	}
	after, err := os.ReadFile(filepath.Join(e.dir, routesFile))
	if err != nil || string(after) != string(before) {
		t.Errorf("the kept routes changed: %v", err)
	}
	if _, body := e.get(t, "shop.example.com", "/"); body != "one" {
		t.Errorf("the served routes changed: %q", body)
	}
}

func TestAKilledEdgesSocketIsReplacedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, socketOf("dead"))
	if err := os.WriteFile(dead, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(socketOf("dead"), filepath.Join(dir, edge.Socket)); err != nil {
		t.Fatal(err)
	}
	e := start(t, dir)
	if _, err := e.client.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	info, err := os.Stat(filepath.Join(dir, edge.Socket))
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestShutdownLetsRequestsEndAndClosesWebSocketsLast(t *testing.T) {
	e := startOnce(t, t.TempDir())
	e.url = "http://127.0.0.1:" + strings.TrimPrefix(e.app.listeners[0].Addr().String(), "[::]:")
	arrived := make(chan struct{})
	finish := make(chan struct{})
	slow := backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-finish
		_, _ = w.Write([]byte("slow"))
	}))
	e.put(t, app.EdgeTable{Site: site, Release: "1-a", Fence: 1, Routes: []app.EdgeRoute{
		to("web", "shop.example.com/", slow), to("ws", "ws.example.com/", backend(t, echoSocket("ws"))),
	}})
	c, _, err := websocket.Dial(t.Context(), e.url, &websocket.DialOptions{Host: "ws.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	answer := make(chan string, 1)
	go func() {
		_, body := e.get(t, "shop.example.com", "/")
		answer <- body
	}()
	<-arrived
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stop(t, e, 600*time.Millisecond)
	}()
	eventually(t, "new connections are refused", func() bool {
		res, err := (&http.Client{Transport: &http.Transport{}}).Get(e.url)
		if err == nil {
			res.Body.Close()
		}
		return err != nil
	})
	say(t, c, "ws hi")
	close(finish)
	if body := <-answer; body != "slow" {
		t.Errorf("the slow request: %q", body)
	}
	say(t, c, "ws hi")
	<-ended
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the socket ended with %v", err)
	}
}
