package remote_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/hosttest"
	"github.com/longshore-dev/longshore/internal/host/remote"
	"github.com/longshore-dev/longshore/internal/ssh"
	"github.com/longshore-dev/longshore/internal/ssh/sshtest"
)

// world is an SSH server on this machine with its state folder, and how to open it.
type world struct {
	*sshtest.Server
	env   ssh.Environment
	state string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	hostKey, _ := sshtest.NewKey(t)
	login, private := sshtest.NewKey(t)
	w := &world{Server: sshtest.Start(t, login.PublicKey(), hostKey), state: t.TempDir()}
	w.env = ssh.Environment{Home: t.TempDir(), User: "deploy"}
	sshtest.WriteKey(t, w.env.Home, "id_ed25519", private, "")
	sshtest.WriteFile(t, w.env.Home, "known_hosts", w.KnownLine(hostKey.PublicKey()))
	return w
}

func (w *world) open(t *testing.T) host.Host { return w.openHost(t, app.Host{}) }

func (w *world) openHost(t *testing.T, h app.Host) *remote.Host {
	t.Helper()
	client, err := ssh.New(ssh.Options{
		Address:     w.Address,
		Environment: w.env,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Name = "web-1"
	if h.StateDir == "" {
		h.StateDir = w.state
	}
	opened, err := remote.New(h, client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened
}

func TestContract(t *testing.T) {
	w := newWorld(t)
	hosttest.Run(t, w.open, hosttest.World{Socket: echo(t), Cut: w.Cut})
}

// TestContractByRelay runs the contract where sshd forwards no sockets.
func TestContractByRelay(t *testing.T) {
	w := newWorld(t)
	w.NoUnix = true
	w.Path = fakes(t, map[string]string{"docker": relayScript})
	hosttest.Run(t, w.open, hosttest.World{Socket: echo(t), Cut: w.Cut})
}

func TestWriteThatIsCutLeavesTheOldFile(t *testing.T) {
	w := newWorld(t)
	// The connection is lost with half of the data on the way: the server's side sees the end of its input.
	w.Path = fakes(t, map[string]string{"cat": "#!/bin/sh\nexec head -c 3\n"})
	h := w.open(t)
	ctx := bounded(t)
	if err := os.WriteFile(filepath.Join(w.state, "file"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.Files().Write(ctx, "file", []byte("new text"), 0); err == nil {
		t.Error("half of the data counts as written")
	}
	if data, err := os.ReadFile(filepath.Join(w.state, "file")); err != nil || string(data) != "old" {
		t.Errorf("the file is now %q, %v", data, err)
	}
	if names, err := os.ReadDir(w.state); err != nil || len(names) != 1 {
		t.Errorf("left over: %v, %v", names, err)
	}
}

func TestSilentlyCutLockIsGivenUp(t *testing.T) {
	w := newWorld(t)
	// The server's side waits for the beat no longer than this.
	w.Path = fakes(t, map[string]string{"timeout": "#!/bin/sh\nshift\nexec /usr/bin/timeout 1 \"$@\"\n"})
	h, other := w.open(t), w.open(t)
	ctx := bounded(t)
	if _, _, err := h.Files().Lock(ctx, "lock", false); err != nil {
		t.Fatal(err)
	}
	_, unlock, err := other.Files().Lock(ctx, "lock", false)
	if err != nil {
		t.Fatalf("the lock of a lost holder is kept: %v", err)
	}
	unlock()
}

func TestRights(t *testing.T) {
	const user = "#!/bin/sh\ncase $1 in -un) echo deploy ;; -u) echo 1000 ;; esac\n"
	const noSudo = "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n"
	const sudo = "#!/bin/sh\n[ \"$1\" = -n ] && shift\n[ \"$1\" = -- ] && shift\necho \"$@\" >> \"$(dirname \"$0\")/log\"\nexec \"$@\"\n"

	t.Run("sudo is used", func(t *testing.T) {
		w := newWorld(t)
		w.Path = fakes(t, map[string]string{"id": user, "sudo": sudo})
		h := w.open(t)
		ctx := bounded(t)
		if err := h.Files().Write(ctx, "file", []byte("x"), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Run(ctx, host.Command{Args: []string{"echo", "as root"}, Root: true}); err != nil {
			t.Fatal(err)
		}
		log, err := os.ReadFile(filepath.Join(w.Path, "log"))
		if err != nil || !strings.Contains(string(log), "echo as root") || !strings.Contains(string(log), "env LC_ALL=C sh") {
			t.Errorf("sudo ran %q, %v", log, err)
		}
	})
	t.Run("no rights", func(t *testing.T) {
		w := newWorld(t)
		w.Path = fakes(t, map[string]string{"id": user, "sudo": noSudo})
		h := w.openHost(t, app.Host{StateDir: "/proc/longshore"})
		ctx := bounded(t)
		if os.Geteuid() == 0 {
			// To root every folder looks writable, so only what asks for root by name can be refused.
			if _, err := h.Run(ctx, host.Command{Args: []string{"true"}, Root: true}); !errors.Is(err, host.ErrRights) {
				t.Errorf("error = %v, want ErrRights", err)
			}
			return
		}
		_, err := h.Files().List(ctx, ".")
		if !errors.Is(err, host.ErrRights) || !strings.Contains(err.Error(), "NOPASSWD") {
			t.Errorf("error = %v, want ErrRights with advice", err)
		}
	})
	t.Run("a writable state folder needs no root", func(t *testing.T) {
		w := newWorld(t)
		w.Path = fakes(t, map[string]string{"id": user, "sudo": noSudo})
		if err := w.open(t).Files().Write(bounded(t), "file", []byte("x"), 0); err != nil {
			t.Errorf("a state folder of the login's own cannot be written: %v", err)
		}
	})
}

func TestNoDocker(t *testing.T) {
	w := newWorld(t)
	h := w.openHost(t, app.Host{DockerSocket: filepath.Join(t.TempDir(), "none")})
	if _, err := h.Engine().Info(bounded(t)); !errors.Is(err, host.ErrNoDocker) {
		t.Errorf("an absent engine gives %v, want ErrNoDocker", err)
	}
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "stale"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	w.Path = fakes(t, map[string]string{"docker": "#!/bin/sh\necho 'dial unix /x: connect: connection refused' >&2\nexit 1\n"})
	h = w.openHost(t, app.Host{DockerSocket: stale.Addr().String()})
	if _, err := h.Engine().Info(bounded(t)); !errors.Is(err, host.ErrNoDocker) || !strings.Contains(err.Error(), "nothing listens") {
		t.Errorf("a stopped engine gives %v, want ErrNoDocker with advice", err)
	}
	w.NoUnix = true
	w.Path = fakes(t, map[string]string{"docker": "#!/bin/sh\necho 'dial unix: permission denied' >&2\nexit 1\n"})
	h = w.openHost(t, app.Host{DockerSocket: echo(t)})
	_, err = h.Engine().Info(bounded(t))
	if !errors.Is(err, host.ErrNoDocker) || !strings.Contains(err.Error(), "group docker") {
		t.Errorf("a refused engine gives %v, want ErrNoDocker with advice", err)
	}
}

// relayScript does what the Docker client's dial-stdio does.
const relayScript = `#!/usr/bin/perl
use Socket; use strict;
my ($path) = $ARGV[1] =~ m{^unix://(.*)};
socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die;
connect($s, sockaddr_un($path)) or die "connect: $!\n";
my $pid = fork;
if ($pid == 0) { while (sysread(STDIN, my $b, 65536)) { my $o = 0; while ($o < length $b) { $o += syswrite($s, $b, 65536, $o) // exit } } shutdown($s, 1); exit }
while (sysread($s, my $b, 65536)) { my $o = 0; while ($o < length $b) { $o += syswrite(STDOUT, $b, 65536, $o) // exit } }
kill 9, $pid;
`

// fakes makes a folder of programs that come before the real ones.
func fakes(t *testing.T, programs map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func echo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "echo")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return path
}
