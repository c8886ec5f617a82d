//go:build e2e

package contract

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// TestServerFaults breaks a server and mends it again, under one host that is never opened anew.
func TestServerFaults(t *testing.T) {
	ctx := deadline(t)
	server := hosts.Start(t, hosts.LoginAs(hosts.Sudoer))
	h := openServer(t, server, server.AppHost())
	engine := func() error { _, err := h.Engine().Info(ctx); return err }
	must(t, engine())

	must(t, server.StopDocker(ctx))
	if err := engine(); !errors.Is(err, host.ErrNoDocker) {
		t.Errorf("with Docker stopped: %v, want ErrNoDocker", err)
	}
	must(t, server.StartDocker(ctx))
	must(t, engine())

	// In silence, as a network is lost: nothing is closed.
	running := make(chan error, 1)
	go func() {
		_, err := h.Run(ctx, host.Command{Args: []string{"sleep", "120"}})
		running <- err
	}()
	must(t, server.Pause(ctx))
	select {
	case err := <-running:
		if !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("with the server silent: %v, want ErrUnreachable", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the silence of the server is not noticed")
	}
	must(t, server.Unpause(ctx))
	must(t, engine())

	must(t, server.Reboot(ctx))
	must(t, server.WaitDocker(ctx))
	if err := eventually(ctx, engine); err != nil {
		t.Errorf("after a reboot: %v", err)
	}

	must(t, server.RefuseKey(ctx))
	again := openServer(t, server, server.AppHost())
	if _, err := again.Run(ctx, host.Command{Args: []string{"true"}}); !errors.Is(err, host.ErrRefused) {
		t.Errorf("with the key refused: %v, want ErrRefused", err)
	}
	must(t, server.ChangeHostKey(ctx))
	again = openServer(t, server, server.AppHost())
	if _, err := again.Run(ctx, host.Command{Args: []string{"true"}}); !errors.Is(err, host.ErrHostKey) {
		t.Errorf("with another host key: %v, want ErrHostKey", err)
	}
}

// eventually tries until it works: a connection that a reboot broke is noticed by the call that finds it so.
func eventually(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}
