package ssh

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/ssh/sshtest"
)

// world is a server with a home folder whose key it lets in and whose known_hosts vouches for it.
type world struct {
	*sshtest.Server
	env     Environment
	hostKey ssh.Signer
	public  ssh.PublicKey
	private ed25519.PrivateKey
}

func newWorld(t *testing.T) *world {
	t.Helper()
	hostKey, _ := sshtest.NewKey(t)
	login, private := sshtest.NewKey(t)
	w := &world{env: Environment{Home: t.TempDir(), User: "deploy"}, hostKey: hostKey, public: login.PublicKey(), private: private}
	w.Server = sshtest.Start(t, login.PublicKey(), hostKey)
	sshtest.WriteKey(t, w.env.Home, "id_ed25519", private, "")
	sshtest.WriteFile(t, w.env.Home, "known_hosts", w.KnownLine(hostKey.PublicKey()))
	return w
}

func (w *world) client(t *testing.T, change ...func(*Options)) *Client {
	t.Helper()
	options := Options{Address: w.Address, Environment: w.env}
	for _, c := range change {
		c(&options)
	}
	client, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func run(ctx context.Context, c *Client, args ...string) (string, error) {
	var out bytes.Buffer
	err := c.Run(ctx, Command{Args: args, Stdout: &out})
	return out.String(), err
}

func contains(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

func TestRun(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	ctx := timeout(t, 20*time.Second)

	if out, err := run(ctx, c, "printf", "%s", "it's $HOME"); err != nil || out != "it's $HOME" {
		t.Errorf("arguments arrive as %q, %v", out, err)
	}
	var out bytes.Buffer
	if err := c.Run(ctx, Command{Args: []string{"cat"}, Stdin: strings.NewReader("through"), Stdout: &out}); err != nil || out.String() != "through" {
		t.Errorf("standard input arrives as %q, %v", out.String(), err)
	}
	_, err := run(ctx, c, "sh", "-c", "echo wrong >&2; exit 3")
	var exit *host.ExitError
	if !errors.As(err, &exit) || exit.Code != 3 || exit.Stderr != "wrong" || exit.Command != "sh" {
		t.Errorf("a failed command gives %#v", err)
	}
	if w.Logins() != 1 {
		t.Errorf("%d connections for one host", w.Logins())
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	if _, err := run(timeout(t, 10*time.Second), c, "true"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err := run(timeout(t, 50*time.Millisecond), c, "sleep", "30")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want a passed deadline", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestHostKeys(t *testing.T) {
	other, _ := sshtest.NewKey(t)
	tests := map[string]struct {
		known  func(w *world) string
		accept bool
		want   error
		says   string
		after  func(w *world) string // the known hosts afterwards
	}{
		"known": {known: func(w *world) string { return w.KnownLine(w.hostKey.PublicKey()) }},
		"unknown is refused": {
			known: func(*world) string { return "" }, want: host.ErrHostKey, says: "not among the known hosts",
			after: func(*world) string { return "" },
		},
		"unknown is accepted on request, and written": {
			known: func(*world) string { return "# no line end" }, accept: true,
			after: func(w *world) string { return "# no line end\n" + w.KnownLine(w.hostKey.PublicKey()) },
		},
		"changed is refused": {
			known: func(w *world) string { return "# first\n" + w.KnownLine(other.PublicKey()) },
			want:  host.ErrHostKey, says: "known_hosts line 2",
		},
		"changed is refused, whatever was asked": {
			known: func(w *world) string { return w.KnownLine(other.PublicKey()) }, accept: true,
			want: host.ErrHostKey, says: "ssh-keygen -R",
			after: func(w *world) string { return w.KnownLine(other.PublicKey()) },
		},
		"revoked is refused": {
			known: func(w *world) string { return "@revoked * " + string(ssh.MarshalAuthorizedKey(w.hostKey.PublicKey())) }, accept: true,
			want: host.ErrHostKey, says: "revokes",
		},
		"an authority that signed nothing does not make it known": {
			known: func(w *world) string {
				return "@cert-authority " + w.KnownLine(other.PublicKey())
			},
			want: host.ErrHostKey, says: "not among the known hosts",
		},
		"a broken file is named": {known: func(w *world) string { return "broken\n" }, want: host.ErrSettings, says: "known_hosts:1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			path := sshtest.WriteFile(t, w.env.Home, "known_hosts", test.known(w))
			c := w.client(t, func(o *Options) { o.AcceptNew = test.accept })
			_, err := run(timeout(t, 10*time.Second), c, "true")
			if !errors.Is(err, test.want) || (test.want == nil) != (err == nil) {
				t.Fatalf("error = %v, want %v", err, test.want)
			}
			if err != nil && !contains(err, test.says) {
				t.Errorf("the message %q does not say %q", err, test.says)
			}
			if test.after != nil {
				got, err := os.ReadFile(path)
				if err != nil || string(got) != test.after(w) {
					t.Errorf("known_hosts is now %q, %v", got, err)
				}
			}
		})
	}
}

func TestAcceptedKeyIsPrivateHashedAndWrittenOnce(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.env.Home, ".ssh", "known_hosts")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	sshtest.WriteFile(t, w.env.Home, "config", "Host *\n  HashKnownHosts yes\n")
	var group sync.WaitGroup
	for range 5 {
		c := w.client(t, func(o *Options) { o.AcceptNew = true })
		group.Go(func() {
			if _, err := run(timeout(t, 20*time.Second), c, "true"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(data), "\n"); lines != 1 || !strings.HasPrefix(string(data), "|1|") {
		t.Errorf("known_hosts has %d lines: %s", lines, data)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := run(timeout(t, 10*time.Second), w.client(t), "true"); err != nil {
		t.Errorf("the key that was written is not known: %v", err)
	}
}

func TestSecondHostKeyTypeIsNoChange(t *testing.T) {
	rsa := sshtest.NewRSAKey(t)
	ed, _ := sshtest.NewKey(t)
	login, private := sshtest.NewKey(t)
	server := sshtest.Start(t, login.PublicKey(), ed, rsa)
	env := Environment{Home: t.TempDir(), User: "deploy"}
	sshtest.WriteKey(t, env.Home, "id_ed25519", private, "")
	for _, known := range []ssh.PublicKey{rsa.PublicKey(), ed.PublicKey()} {
		sshtest.WriteFile(t, env.Home, "known_hosts", server.KnownLine(known))
		c, err := New(Options{Address: server.Address, Environment: env})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := run(timeout(t, 10*time.Second), c, "true"); err != nil {
			t.Errorf("with %s known: %v", known.Type(), err)
		}
	}
}

func TestKeys(t *testing.T) {
	_, otherPrivate := sshtest.NewKey(t)
	tests := map[string]struct {
		file       string // IdentityFile of the options
		passphrase string
		wrong      bool // the default key is not the one the server knows
		agent      bool // an agent holds the right key
		want       error
		says       string
	}{
		"default file":                 {},
		"named file":                   {file: "~/.ssh/id_ed25519"},
		"agent":                        {wrong: true, agent: true},
		"refused":                      {wrong: true, want: host.ErrRefused, says: "id_ed25519"},
		"missing file":                 {file: "~/.ssh/nothing", want: host.ErrSettings, says: "no such file"},
		"passphrase":                   {file: "~/.ssh/id_ed25519", passphrase: "p", want: host.ErrSettings, says: "ssh-add"},
		"passphrase of a default file": {passphrase: "p", want: host.ErrRefused, says: "ssh-add"},
		"passphrase, but in the agent": {file: "~/.ssh/id_ed25519", passphrase: "p", agent: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			private := w.private
			if test.wrong {
				private = otherPrivate
			}
			sshtest.WriteKey(t, w.env.Home, "id_ed25519", private, test.passphrase)
			if test.agent {
				w.env.AgentSocket = startAgent(t, w.private)
			}
			c := w.client(t, func(o *Options) { o.IdentityFile = test.file })
			_, err := run(timeout(t, 10*time.Second), c, "true")
			if !errors.Is(err, test.want) || (test.want == nil) != (err == nil) {
				t.Fatalf("error = %v, want %v", err, test.want)
			}
			if err != nil && !contains(err, test.says) {
				t.Errorf("the message %q does not say %q", err, test.says)
			}
		})
	}
}

func startAgent(t *testing.T, key ed25519.PrivateKey) string {
	t.Helper()
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "agent")
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
				_ = agent.ServeAgent(ring, conn)
			}()
		}
	}()
	return path
}

func TestUnreachable(t *testing.T) {
	w := newWorld(t)
	w.Stop()
	_, err := run(timeout(t, 10*time.Second), w.client(t), "true")
	if !errors.Is(err, host.ErrUnreachable) || !contains(err, "sshd runs") {
		t.Errorf("error = %v, want ErrUnreachable with advice", err)
	}
}

func TestClosedClient(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	ctx := timeout(t, 10*time.Second)
	if _, err := run(ctx, c, "true"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := run(ctx, c, "true"); err == nil {
		t.Error("a closed client runs commands")
	}
}
