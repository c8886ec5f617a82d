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
			must(t, h.Files().Write(ctx, "before", nil, 0))
			err := host.WithLock(ctx, h.Files(), "lock", false, time.Minute, func(ctx context.Context) error {
				server.Link.Stall()
				return h.Files().Write(ctx, "after", nil, 0)
			})
			if !errors.Is(err, host.ErrUnreachable) {
				t.Errorf("work on a silent line ends with %v, want ErrUnreachable", err)
			}
			root := h.Files().Root()
			must(t, eventually(ctx, func() error {
				_, err := server.Exec(ctx, "flock", "--nonblock", root+"/lock", "true")
				return err
			}))
			server.Link.Restore()
			// The next call goes over a new connection, behind what was held back.
			for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
				names, err := h.Files().List(ctx, ".")
				must(t, err)
				for _, found := range names {
					if found == "after" {
						t.Fatal("what was held back was done after the lock was given up")
					}
				}
			}
		})
	}
}
