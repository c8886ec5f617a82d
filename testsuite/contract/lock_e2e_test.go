//go:build e2e

package contract

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// What was sent under a lock and held back by the network is not done once somebody else can have the lock.
func TestHeldBackWorkIsNotDone(t *testing.T) {
	for name, options := range map[string][]hosts.Option{
		"root":         {hosts.Bare()},
		"sudo":         {hosts.Bare(), hosts.LoginAs(hosts.Sudoer)},
		"sudo, Trixie": {hosts.Bare(), hosts.LoginAs(hosts.Sudoer), hosts.OnRelease(hosts.Trixie)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			server := hosts.Start(t, options...)
			h := openServer(t, server, server.AppHost())
			root := h.Files().Root()
			err := host.WithLock(ctx, h.Files(), "lock", false, time.Minute, func(ctx context.Context) error {
				// It has begun, as a connection to the engine has, and waits for its order.
				line, order := io.Pipe()
				waits := []string{"sh", "-c", `: > "$1"/begun && read -r _ && : > "$1"/done`, "waits", root}
				go func() {
					must(t, eventually(ctx, func() error {
						_, err := server.Exec(ctx, "test", "-e", root+"/begun")
						return err
					}))
					server.Link.Stall()
					_, _ = order.Write([]byte("go\n"))
				}()
				_, err := h.Run(ctx, host.Command{Args: waits, Stdin: line, Root: root == app.DefaultStateDir})
				return err
			})
			if !errors.Is(err, host.ErrUnreachable) {
				t.Errorf("work on a silent line ends with %v, want ErrUnreachable", err)
			}
			must(t, eventually(ctx, func() error {
				_, err := server.Exec(ctx, "flock", "--nonblock", root+"/lock", "true")
				return err
			}))
			server.Link.Restore()
			for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				if _, err := server.Exec(ctx, "test", "!", "-e", root+"/done"); err != nil {
					t.Fatalf("what was held back was done after the lock was given up: %v", err)
				}
			}
		})
	}
}
