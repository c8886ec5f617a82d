//go:build e2e

package bootstrap

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cryptossh "golang.org/x/crypto/ssh"

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
	// fresh opens a connection of its own, as a login that the address names.
	fresh func(context.Context, app.Host) (host.Host, error)
}

// newServer starts a bare server. The login that it makes, where settings name one, takes the test's own key.
func newServer(t *testing.T, settings app.Bootstrap, options ...hosts.Option) *server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	t.Cleanup(cancel)
	s := &server{Host: hosts.Start(t, append(options, hosts.Bare())...), t: t, ctx: ctx}
	home := t.TempDir()
	known, err := os.ReadFile(s.KnownHosts)
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(home, ".ssh"), 0o700))
	must(t, os.WriteFile(filepath.Join(home, ".ssh", "known_hosts"), known, 0o600))
	s.fresh = func(ctx context.Context, at app.Host) (host.Host, error) {
		p := pool.New(ssh.Environment{Home: home, User: "nobody"}, t.TempDir())
		h, err := p.Open(ctx, at)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		return alone{h, p}, nil
	}
	if settings.User != "" {
		settings.PublicKeys = []string{publicKey(t, s.Host)}
	}
	s.use(settings, s.fresh)
	return s
}

// use has items work with other settings, over a connection of their own, and prove logins by fresh.
func (s *server) use(settings app.Bootstrap, fresh func(context.Context, app.Host) (host.Host, error)) {
	s.t.Helper()
	shared, err := s.fresh(s.ctx, s.AppHost())
	must(s.t, err)
	s.t.Cleanup(func() { shared.Close() })
	s.machine = bootstrap.New(shared, s.AppHost(), settings, fresh)
}

// alone is the only host of its pool, and closes with it.
type alone struct {
	host.Host
	pool *pool.Pool
}

func (a alone) Close() error { return a.pool.Close() }

// publicKey is the key that every login of the host takes, as authorized_keys has it.
func publicKey(t *testing.T, h *hosts.Host) string {
	t.Helper()
	private, err := os.ReadFile(h.IdentityFile)
	must(t, err)
	signer, err := cryptossh.ParsePrivateKey(private)
	must(t, err)
	return strings.TrimSpace(string(cryptossh.MarshalAuthorizedKey(signer.PublicKey())))
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
