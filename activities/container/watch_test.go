package container_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/edgetest"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

const watchedRelease = "2-bbb"

// withEdge gives a patient's host an edge, and answers what Watch is asked for there.
func (p patient) withEdge(t *testing.T, e *edgetest.Memory) activities.WatchInput {
	t.Helper()
	t.Cleanup(p.Listen("unix", app.DefaultStateDir+"/"+edge.StateDir+"/"+edge.Socket, func(c net.Conn) {
		server, err := e.Dial(context.Background())
		if err != nil {
			t.Error(err)
			return
		}
		go func() {
			_, _ = io.Copy(server, c) // its end is the client's
			_ = server.Close()
		}()
		_, _ = io.Copy(c, server)
		_ = c.Close()
	}))
	table := app.EdgeTable{Site: site.String(), Release: watchedRelease, Fence: 1, Routes: []app.EdgeRoute{
		{Service: "web", Route: app.Route{Hosts: []string{"shop.example.com"}, Port: 3000}, Upstreams: []string{"10.0.0.1:3000"}},
	}}
	if _, err := e.Put(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	asked := p.in.Health
	asked.Port, asked.Path = 3000, "/up"
	return activities.WatchInput{
		Target: p.in.Target, Release: watchedRelease, Requests: true, MaxFailureRatio: 0.05,
		Services: []activities.WatchedService{{Service: "web", Health: asked, Containers: p.in.Containers, Addresses: []string{"10.0.0.1"}}},
		Until:    time.Now().Add(time.Hour), For: 40 * time.Millisecond,
	}
}

func TestWatchContainers(t *testing.T) {
	crashes := app.Container{Restart: app.Restart{Name: "always"}}
	check := app.Container{Healthcheck: &app.Healthcheck{Test: []string{"CMD", "up"}}}
	for _, c := range []struct {
		name      string
		does      memory.Behaviour
		container app.Container
		kind      string
	}{
		{"stays", memory.Behaviour{}, check, ""},
		{"ends", memory.Behaviour{Exits: true, After: 10 * time.Millisecond, ExitCode: 3}, app.Container{}, app.KindExited},
		{"crashes and is restarted", memory.Behaviour{Exits: true, After: 10 * time.Millisecond, ExitCode: 3}, crashes, app.KindExited},
		{"turns unhealthy", memory.Behaviour{UnhealthyAfter: 10 * time.Millisecond}, check, app.KindUnhealthy},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.does.Stdout = []string{"last words"}
			p := start(t, c.does, c.container)
			in := p.withEdge(t, &edgetest.Memory{})
			if c.kind != "" {
				in.For = time.Hour // it ends by itself
			}
			begun := time.Now()
			_, err := p.activities.Watch(t.Context(), in)
			if kindOf(err) != c.kind {
				t.Fatal(err)
			}
			if err == nil {
				if time.Since(begun) < in.For {
					t.Errorf("watched for %s only", time.Since(begun))
				}
				return
			}
			if f := activities.FailureOf(err); f.Host != "web-1" || f.Service != "web" || !slices.Contains(f.Logs, "last words") || f.Advice == "" {
				t.Errorf("%+v", f)
			}
		})
	}
}

// One answer that fails is no reason to go back; three in a row are.
func TestWatchForgivesOneSlowAnswer(t *testing.T) {
	for fails, kind := range map[int64]string{2: "", 3: app.KindUnhealthy} {
		p := start(t, memory.Behaviour{}, app.Container{})
		var asked atomic.Int64
		in := p.withEdge(t, &edgetest.Memory{OnCheck: func(app.EdgeCheck) app.EdgeAnswer {
			if n := asked.Add(1); n > 3 && n <= 3+fails {
				return app.EdgeAnswer{Error: "timeout"}
			}
			return app.EdgeAnswer{OK: true, Status: 200}
		}})
		if kind != "" {
			in.For = time.Hour
		}
		if _, err := p.activities.Watch(t.Context(), in); kindOf(err) != kind {
			t.Errorf("%d failed: %v", fails, err)
		}
	}
}

func TestWatchRequests(t *testing.T) {
	for _, c := range []struct {
		name             string
		requests, failed int64
		max              float64
		kind             string
	}{
		{"none", 0, 0, 0, ""},
		{"few", 2, 2, 0.05, ""}, // says nothing yet
		{"as many as may", 100, 5, 0.05, ""},
		{"one more", 100, 6, 0.05, app.KindFailing},
		{"any counts", 100_000, 3, 0, app.KindFailing},
		{"all may", 100, 100, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, memory.Behaviour{Stdout: []string{"last words"}}, app.Container{})
			e := &edgetest.Memory{}
			e.SetEnded(site.String(), watchedRelease, c.requests, c.failed)
			e.SetEnded(site.String(), "1-aaa", 100, 100) // of the old release
			in := p.withEdge(t, e)
			in.MaxFailureRatio = c.max
			seen, err := p.activities.Watch(t.Context(), in)
			if kindOf(err) != c.kind {
				t.Fatal(err)
			}
			if err == nil && (seen.Requests != c.requests || seen.Failed != c.failed) {
				t.Errorf("%+v", seen)
			}
			if f := failureIn(err); err != nil && (f.Service != "web" || f.Host != "web-1" || !slices.Contains(f.Logs, "last words") || !strings.Contains(f.Message, "requests to 2-bbb failed")) {
				t.Errorf("%+v", f)
			}
			// Where nothing is routed there may be no edge to ask.
			in.Requests = false
			if _, err := p.activities.Watch(t.Context(), in); err != nil {
				t.Error(err)
			}
		})
	}
}

// A machine on its way down stops its containers: that is no failure of theirs, and is watched again when it is back.
func TestWatchOfARebootingHost(t *testing.T) {
	p := start(t, memory.Behaviour{}, app.Container{})
	e := &edgetest.Memory{}
	in := p.withEdge(t, e)
	e.SetEnded(site.String(), watchedRelease, 10, 10)
	p.OnRun(func(_ context.Context, cmd host.Command) (host.Output, error) {
		if cmd.Args[0] == "systemctl" {
			return host.Output{Stdout: []byte("stopping\n")}, nil
		}
		return host.Output{}, nil
	})
	if _, err := p.activities.Watch(t.Context(), in); kindOf(err) != app.KindUnreachable || app.Permanent(kindOf(err)) {
		t.Error(err)
	}
}

// An attempt that is made again has no more time than what is left.
func TestWatchEndsInTime(t *testing.T) {
	p := start(t, memory.Behaviour{}, app.Container{})
	in := p.withEdge(t, &edgetest.Memory{})
	in.For, in.Until = time.Hour, time.Now().Add(-time.Second)
	if _, err := p.activities.Watch(t.Context(), in); err != nil {
		t.Error(err)
	}
	in.Until = time.Now().Add(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(5*time.Millisecond, cancel)
	if _, err := p.activities.Watch(ctx, in); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func failureIn(err error) app.Failure {
	if err == nil {
		return app.Failure{}
	}
	return activities.FailureOf(err)
}
