package ssh

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/ssh/sshtest"
)

// fast notices a silent cut soon.
func fast(o *Options) { o.KeepAlive = KeepAlive{Interval: 100 * time.Millisecond, Misses: 10} }

func TestCutFailsWhatIsUnderWayAndTheNextCallDialsAgain(t *testing.T) {
	for name, cut := range map[string]func(w *world){
		"reset":  func(w *world) { w.Cut() },
		"silent": func(w *world) { w.Deafen(true) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.client(t, fast)
			ctx := timeout(t, 30*time.Second)
			echo := echoServer(t)
			conn, err := c.Dial(ctx, "unix", echo)
			if err != nil {
				t.Fatal(err)
			}
			process, err := c.Start(ctx, "cat")
			if err != nil {
				t.Fatal(err)
			}
			results := make(chan error, 3)
			go func() { _, err := run(ctx, c, "sleep", "60"); results <- err }()
			go func() { _, err := conn.Read(make([]byte, 1)); results <- err }()
			go func() { _, err := process.Read(make([]byte, 1)); results <- err }()
			if _, err := run(ctx, c, "true"); err != nil {
				t.Fatal(err)
			}
			cut(w)
			for range 3 {
				select {
				case err := <-results:
					if !errors.Is(err, host.ErrUnreachable) {
						t.Errorf("error = %v, want ErrUnreachable", err)
					}
				case <-time.After(5 * time.Second):
					t.Fatal("a call outlives its connection")
				}
			}
			w.Deafen(false)
			if _, err := run(ctx, c, "true"); err != nil {
				t.Errorf("the call after the cut: %v", err)
			}
			if w.Logins() != 2 {
				t.Errorf("%d logins, want 2", w.Logins())
			}
		})
	}
}

func TestKeepAliveLeavesAnIdleConnectionAlone(t *testing.T) {
	w := newWorld(t)
	c := w.client(t, fast)
	ctx := timeout(t, 20*time.Second)
	// Far longer than the misses allow: a connection that is not kept alive is dropped meanwhile.
	if _, err := run(ctx, c, "sleep", "3"); err != nil {
		t.Fatal(err)
	}
	if _, err := run(ctx, c, "true"); err != nil || w.Logins() != 1 {
		t.Errorf("%d logins, %v", w.Logins(), err)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	for name, test := range map[string]struct{ limit, most int }{
		"sshd's default":               {limit: 10, most: 8},
		"a server with room for three": {limit: 3, most: 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.MaxSessions = test.limit
			c := w.client(t)
			ctx := timeout(t, 60*time.Second)
			var group sync.WaitGroup
			for range 30 {
				group.Go(func() {
					if _, err := run(ctx, c, "sleep", "0.02"); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if w.Peak() > test.most {
				t.Errorf("%d sessions at once", w.Peak())
			}
			if w.Logins() != 1 {
				t.Errorf("%d connections", w.Logins())
			}
		})
	}
}

func TestHeldSessionsLeaveRoomForCommands(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	ctx := timeout(t, 20*time.Second)
	var held []*Process
	for range heldLimit {
		p, err := c.Start(ctx, "cat")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, p)
	}
	if _, err := c.Start(timeout(t, 50*time.Millisecond), "cat"); err == nil {
		t.Error("more sessions are held than may be")
	}
	if _, err := run(ctx, c, "true"); err != nil {
		t.Errorf("a command finds no session: %v", err)
	}
	held[0].Close()
	if p, err := c.Start(ctx, "cat"); err != nil {
		t.Errorf("a closed process keeps its session: %v", err)
	} else {
		p.Close()
	}
}

func TestProcess(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	ctx := timeout(t, 20*time.Second)
	p, err := c.Start(ctx, "cat")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := p.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(p); err != nil || string(got) != "hello" {
		t.Errorf("read %q, %v", got, err)
	}
	p, err = c.Start(ctx, "sh", "-c", "echo no daemon >&2; exit 7")
	if err != nil {
		t.Fatal(err)
	}
	var exit *host.ExitError
	if _, err := io.ReadAll(p); !errors.As(err, &exit) || exit.Code != 7 || exit.Stderr != "no daemon" {
		t.Errorf("a failed process reads as %v", err)
	}
}

func TestForward(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	ctx := timeout(t, 20*time.Second)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveEcho(t, listener)
	for network, address := range map[string]string{"unix": echoServer(t), "tcp": listener.Addr().String()} {
		conn, err := c.Dial(ctx, network, address)
		if err != nil {
			t.Fatalf("%s: %v", network, err)
		}
		// More than one channel window, so that both directions have to be granted room.
		sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
		go func() {
			_, _ = conn.Write(sent)
			_ = conn.(interface{ CloseWrite() error }).CloseWrite()
		}()
		if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%s: %d of %d bytes came back, %v", network, len(got), len(sent), err)
		}
		conn.Close()
	}
	if _, err := c.Dial(ctx, "unix", filepath.Join(t.TempDir(), "none")); !errors.Is(err, ErrForward) || errors.Is(err, host.ErrUnreachable) {
		t.Errorf("a missing socket gives %v, want ErrForward alone", err)
	}
	conn, err := c.Dial(ctx, "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a passed deadline gives %v", err)
	}
}

func TestJumpHosts(t *testing.T) {
	w := newWorld(t)
	jumpKey, _ := sshtest.NewKey(t)
	jump := sshtest.Start(t, w.public, jumpKey)
	sshtest.WriteFile(t, w.env.Home, "known_hosts", w.KnownLine(w.hostKey.PublicKey())+jump.KnownLine(jumpKey.PublicKey()))
	sshtest.WriteFile(t, w.env.Home, "config", strings.Join([]string{
		"Host inside", "HostName 127.0.0.1", "Port " + w.Port(), "ProxyJump bastion",
		"Host bastion", "HostName 127.0.0.1", "Port " + jump.Port(),
		"Host circle", "ProxyJump circle", "",
	}, "\n"))
	ctx := timeout(t, 20*time.Second)
	for name, change := range map[string]func(*Options){
		"by option":        func(o *Options) { o.Jump = "bastion" },
		"by configuration": func(o *Options) { o.Address = "inside" },
		"two":              func(o *Options) { o.Jump = "bastion,bastion" },
	} {
		before := jump.Logins()
		if _, err := run(ctx, w.client(t, change), "true"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if jump.Logins() == before {
			t.Errorf("%s: the jump host was not used", name)
		}
	}
	_, err := run(ctx, w.client(t, func(o *Options) { o.Address = "circle" }), "true")
	if !errors.Is(err, host.ErrSettings) {
		t.Errorf("jump hosts in a circle give %v, want ErrSettings", err)
	}
	closed := sshtest.Start(t, w.public, jumpKey)
	closed.Stop()
	_, err = run(ctx, w.client(t, func(o *Options) { o.Address, o.Jump = closed.Address, "bastion" }), "true")
	if !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("a dead host behind a jump host gives %v, want ErrUnreachable", err)
	}
	c := w.client(t, fast, func(o *Options) { o.Jump = "bastion" })
	if _, err := run(ctx, c, "true"); err != nil {
		t.Fatal(err)
	}
	jump.Stop()
	w.Cut()
	// The first call may still find the connection that is about to show its end.
	_, err = run(ctx, c, "true")
	for errors.Is(err, host.ErrUnreachable) && !contains(err, "jump host") && ctx.Err() == nil {
		_, err = run(ctx, c, "true")
	}
	if !errors.Is(err, host.ErrUnreachable) || !contains(err, "jump host") {
		t.Errorf("a lost jump host gives %v", err)
	}
}

func echoServer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "echo")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	serveEcho(t, listener)
	return path
}

func serveEcho(t *testing.T, listener net.Listener) {
	t.Helper()
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
}
