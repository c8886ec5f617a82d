//go:build e2e

package contract

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/hosttest"
	"github.com/longshore-dev/longshore/internal/host/local"
	"github.com/longshore-dev/longshore/internal/host/remote"
	"github.com/longshore-dev/longshore/internal/ssh"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestLocal(t *testing.T) {
	ctx := deadline(t)
	a := buildActor(ctx, t)
	state := t.TempDir()
	open := func(t *testing.T) host.Host {
		h, err := local.New(app.Host{Name: "here", Address: app.LocalAddress, StateDir: state})
		must(t, err)
		t.Cleanup(func() { h.Close() })
		return h
	}
	world := a.world()
	world.Socket = a.echo(ctx, t, open(t))
	hosttest.Run(t, open, world)
}

// TestServer runs the contract under each kind of login. The sudoer reaches the engine and root's sockets by a relay,
// the member of the group docker has no root and keeps its state in its home.
func TestServer(t *testing.T) {
	a := buildActor(deadline(t), t)
	for _, c := range []struct {
		login    string
		release  hosts.Release
		stateDir string
		noRoot   bool
	}{
		{login: hosts.Root, release: hosts.Trixie},
		{login: hosts.Sudoer, release: hosts.Bookworm},
		{login: hosts.Member, release: hosts.Bookworm, stateDir: "/home/" + hosts.Member + "/longshore", noRoot: true},
	} {
		t.Run(c.login, func(t *testing.T) {
			ctx := deadline(t)
			server := hosts.Start(t, hosts.LoginAs(c.login), hosts.OnRelease(c.release))
			described := server.AppHost()
			described.StateDir = c.stateDir
			open := func(t *testing.T) host.Host { return openServer(t, server, described) }
			h := open(t)
			must(t, h.Engine().ImageLoad(ctx, bytes.NewReader(a.image)))
			world := a.world()
			world.NoRoot = c.noRoot
			world.Socket = a.echo(ctx, t, h)
			world.Cut = func() {
				server.Link.Cut()
				server.Link.Restore()
			}
			hosttest.Run(t, open, world)
		})
	}
}

func openServer(t *testing.T, server *hosts.Host, described app.Host) *remote.Host {
	t.Helper()
	home := t.TempDir()
	known, err := os.ReadFile(server.KnownHosts)
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(home, ".ssh"), 0o700))
	must(t, os.WriteFile(filepath.Join(home, ".ssh", "known_hosts"), known, 0o600))
	client, err := ssh.New(ssh.Options{
		Address:      described.Address,
		IdentityFile: described.IdentityFile,
		Environment:  ssh.Environment{Home: home, User: "nobody"},
	})
	must(t, err)
	h, err := remote.New(described, client)
	must(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}

// echo starts the actor on the host itself, as an echo server on a socket of its state folder.
func (a actor) echo(ctx context.Context, t *testing.T, h host.Host) string {
	t.Helper()
	must(t, h.Files().Write(ctx, "actor", a.binary, 0o755))
	root := h.Files().Root()
	socket := root + "/echo"
	start := []string{"sh", "-c", `"$1" echo "$2" </dev/null >/dev/null 2>&1 & echo $!`, "start", root + "/actor", socket}
	out, err := h.Run(ctx, host.Command{Args: start, Root: root == app.DefaultStateDir})
	must(t, err)
	pid := string(bytes.TrimSpace(out.Stdout))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, _ = h.Run(ctx, host.Command{Args: []string{"kill", pid}, Root: root == app.DefaultStateDir})
	})
	for ctx.Err() == nil {
		conn, err := h.Dial(ctx, "unix", socket)
		if err == nil {
			conn.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return socket
}
