//go:build e2e

package bootstrap

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/bootstrap"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/pool"
	"github.com/longshore-dev/longshore/internal/ssh"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// server is a machine that items work on.
type server struct {
	*hosts.Host
	t       *testing.T
	ctx     context.Context
	machine *bootstrap.Machine
}

func newServer(t *testing.T, settings app.Bootstrap, options ...hosts.Option) *server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	s := &server{Host: hosts.Start(t, options...), t: t, ctx: ctx}
	home := t.TempDir()
	known, err := os.ReadFile(s.KnownHosts)
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(home, ".ssh"), 0o700))
	must(t, os.WriteFile(filepath.Join(home, ".ssh", "known_hosts"), known, 0o600))
	fresh := func(ctx context.Context, at app.Host) (host.Host, error) {
		return pool.New(ssh.Environment{Home: home, User: "nobody"}, t.TempDir()).Open(ctx, at)
	}
	shared, err := fresh(ctx, s.AppHost())
	must(t, err)
	s.machine = bootstrap.New(shared, s.AppHost(), settings, fresh)
	return s
}

// settle settles items, all where none is named, and answers what was done.
func (s *server) settle(check bool, names ...string) []app.Item {
	s.t.Helper()
	if len(names) == 0 {
		names = bootstrap.Names()
	}
	var out []app.Item
	for _, name := range names {
		item, err := bootstrap.Settle(s.ctx, s.machine, name, check)
		if err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
		out = append(out, item)
	}
	return out
}

// exec runs a shell line on the server.
func (s *server) exec(line string) string {
	s.t.Helper()
	out, err := s.Exec(s.ctx, "sh", "-euc", line)
	if err != nil {
		s.t.Fatalf("%s: %v: %s", line, err, out)
	}
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
