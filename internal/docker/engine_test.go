package docker

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/host"
)

func TestDeadlines(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	f := &fakeEngine{version: "1.45", answers: map[string]http.HandlerFunc{
		"POST /containers/x/start": func(http.ResponseWriter, *http.Request) { <-release },
	}}
	e := startFake(t, f)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := e.ContainerStart(ctx, "x")
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, host.ErrUnreachable) {
		t.Errorf("the caller's deadline: %v", err)
	}
	ours, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errNoAnswer)
	defer cancel()
	err = e.fail(ours, "start", e.try(ours, func(ctx context.Context, cli *client.Client) error {
		_, err := cli.ContainerInspect(ctx, "x")
		<-ctx.Done()
		return errors.Join(err, ctx.Err())
	}))
	if !errors.Is(err, host.ErrUnreachable) || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("our deadline: %v", err)
	}
	if bare, cancel := bounded(t.Context(), time.Minute); true {
		defer cancel()
		if _, ok := bare.Deadline(); !ok {
			t.Error("a call without a deadline got none")
		}
	}
}

func TestNegotiation(t *testing.T) {
	f := &fakeEngine{answers: map[string]http.HandlerFunc{"POST /containers/x/start": answer(204, nil)}}
	e := startFake(t, f)
	if err := e.ContainerStart(t.Context(), "x"); !errors.Is(err, host.ErrNoDocker) {
		t.Errorf("an answer without a version: %v", err)
	}
	set := func(version string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.version = version
	}
	set("1.41")
	if err := e.ContainerStart(t.Context(), "x"); err != nil {
		t.Errorf("once the engine names its version: %v", err)
	}
	set("1.44")
	if err := e.ContainerStart(t.Context(), "x"); err == nil || errors.Is(err, host.ErrInvalid) {
		t.Errorf("an engine that was upgraded, first call: %v", err)
	}
	if err := e.ContainerStart(t.Context(), "x"); err != nil {
		t.Errorf("an engine that was upgraded, second call: %v", err)
	}
	set("1.40")
	if _, err := startFake(t, f).Info(t.Context()); err == nil || !strings.Contains(err.Error(), "1.41") {
		t.Errorf("an engine that is too old: %v", err)
	}
}
