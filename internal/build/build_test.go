package build

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/docker"
	"github.com/longshore-dev/longshore/internal/host"
)

func TestEngineNotReached(t *testing.T) {
	for _, kind := range []error{host.ErrUnreachable, host.ErrNoDocker, host.ErrHostKey} {
		engine, err := docker.New(func(context.Context) (net.Conn, error) {
			return nil, fmt.Errorf("%w: cable is cut", kind)
		}, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err = Build(ctx, engine.Client(), request(t.TempDir(), app.Build{}, ""), nil)
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), "cable is cut") {
			t.Errorf("%v", err)
		}
	}
}

// TestEngineLost cuts the engine's connection in the middle of a build's first question.
func TestEngineLost(t *testing.T) {
	engine, err := docker.New(func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			buffer := make([]byte, 1024)
			_, _ = theirs.Read(buffer)
			theirs.Close()
		}()
		return ours, nil
	}, "web-1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = Build(ctx, engine.Client(), request(t.TempDir(), app.Build{}, ""), nil)
	var failed *StepError
	if err == nil || errors.As(err, &failed) || ctx.Err() != nil {
		t.Errorf("%T: %v", err, err)
	}
}
