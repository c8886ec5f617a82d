//go:build e2e

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const migrate = "/proc/sys/net/ipv4/tcp_migrate_req"

// TestANewEdgeTakesOverWithoutLosingARequest replaces the edge under load, with a deploy while both run: the old edge
// must not serve the old release any more, and what it still has in flight there must be seen through the new one.
func TestANewEdgeTakesOverWithoutLosingARequest(t *testing.T) {
	const handovers = 6
	before, err := os.ReadFile(migrate)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(migrate, []byte("1"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(migrate, bytes.TrimSpace(before), 0o644); err != nil {
			t.Error(err)
		}
	})
	binary, dir, port := build(t), t.TempDir(), freePort(t)
	live := service(t, "0")
	p := startEdge(t, binary, dir, port)
	if _, err := client(dir).Put(t.Context(), table(1, live.URL)); err != nil {
		t.Fatal(err)
	}
	load := startLoad(t, fmt.Sprintf("http://127.0.0.1:%d", port))
	for n := 1; n <= handovers; n++ {
		next := startEdge(t, binary, dir, port)
		id := fmt.Sprintf("%d-a", n)
		fresh := service(t, id)
		if _, err := client(dir).Put(t.Context(), table(n+1, fresh.URL)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "neither edge has a request at the old release", func() bool {
			status, err := client(dir).Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range status.Releases {
				if r.Release == id && r.InFlight > 0 {
					return false
				}
			}
			return true
		})
		live.CloseClientConnections()
		live.Close()
		p.signal(t, syscall.SIGTERM)
		select {
		case err := <-p.done:
			if err != nil {
				t.Errorf("the old edge: %v", err)
			}
		case <-time.After(35 * time.Second):
			t.Fatal("the old edge does not end")
		}
		live, p = fresh, next
	}
	load.stop()
	if load.lost.Load() > 0 {
		t.Errorf("%d of %d requests lost", load.lost.Load(), load.made.Load())
	}
	t.Logf("%d requests, %d handovers", load.made.Load(), handovers)
}

// load is clients of every habit: kept-alive and not, fast and slow, GET and POST.
type load struct {
	made, lost atomic.Int64
	cancel     context.CancelFunc
	wg         sync.WaitGroup
}

func startLoad(t *testing.T, url string) *load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel}
	for worker := range 8 {
		c := &http.Client{Transport: &http.Transport{DisableKeepAlives: worker%4 == 3}}
		l.wg.Go(func() {
			defer c.CloseIdleConnections()
			for i := 0; ctx.Err() == nil; i++ {
				method, path, body := http.MethodGet, "/", ""
				if worker%2 == 0 {
					method, body = http.MethodPost, fmt.Sprintf("%d/%d", worker, i)
				}
				if worker%4 >= 2 {
					path = "/slow"
				}
				l.made.Add(1)
				if err := send(c, method, url+path, body); err != nil {
					l.lost.Add(1)
					t.Log(err)
				}
			}
		})
	}
	return l
}

func (l *load) stop() {
	l.cancel()
	l.wg.Wait()
}

func send(c *http.Client, method, url, body string) error {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Host = host
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || string(got) != body {
		return fmt.Errorf("%s %s: %d %q", method, url, res.StatusCode, got)
	}
	return nil
}
