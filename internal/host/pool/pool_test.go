package pool_test

import (
	"context"
	"encoding/pem"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	cryptossh "golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/pool"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/ssh"
	"github.com/longshore-dev/longshore/internal/ssh/sshtest"
)

func TestMachinesAreConnectedToOnce(t *testing.T) {
	hostKey, _ := sshtest.NewKey(t)
	login, private := sshtest.NewKey(t)
	server := sshtest.Start(t, login.PublicKey(), hostKey)
	env := ssh.Environment{Home: t.TempDir(), User: "deploy"}
	key := sshtest.WriteKey(t, env.Home, "key", private, "")
	p := pool.New(env, "")
	ctx := t.Context()
	run := func(h app.Host) error {
		opened, err := p.Open(ctx, h)
		if err != nil {
			return err
		}
		defer opened.Close()
		_, err = opened.Run(ctx, host.Command{Args: []string{"true"}})
		return err
	}
	web := app.Host{Name: "web-1", Address: server.Address, IdentityFile: key}
	if err := run(web); !errors.Is(err, host.ErrHostKey) {
		t.Errorf("an unknown host gives %v, want ErrHostKey", err)
	}
	web.AcceptNewKey = true
	if err := run(web); err != nil {
		t.Errorf("an unknown host that is to be accepted: %v", err)
	}
	web.AcceptNewKey = false
	before := server.Logins()
	var group sync.WaitGroup
	for _, name := range []string{"web-1", "again", "web-1", "third"} {
		group.Go(func() {
			h := web
			h.Name, h.Edge.HTTP = name, len(name)
			if err := run(h); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if logins := server.Logins() - before; logins != 1 {
		t.Errorf("%d connections to one machine", logins)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := run(web); err == nil {
		t.Error("a closed pool opens hosts")
	}
}

func TestLocal(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	p := pool.New(ssh.Environment{Home: t.TempDir()}, state)
	defer p.Close()
	for dir, want := range map[string]string{"": state, "/srv/longshore": "/srv/longshore"} {
		h, err := p.Open(t.Context(), app.Host{Name: "here", Address: app.LocalAddress, StateDir: dir})
		if err != nil || h.Files().Root() != want {
			t.Errorf("the state folder of %q is %v, %v", dir, h, err)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	p := pool.New(ssh.Environment{Home: t.TempDir()}, "")
	defer p.Close()
	for _, h := range []app.Host{
		{Name: "a", Address: "user@"},
		{Name: "b", Address: "web-1:port"},
		{Name: "c", Address: "web-1", Jump: "bastion,"},
		{Name: "d", Address: "web-1", StateDir: "relative"},
		{Name: "e", Address: app.LocalAddress, StateDir: "relative"},
	} {
		if _, err := p.Open(t.Context(), h); !errors.Is(err, host.ErrSettings) {
			t.Errorf("%+v opens with %v, want ErrSettings", h, err)
		}
	}
}

// A host's key may be a secret: each secret has a connection of its own, which asks for it.
func TestKeysThatAreSecrets(t *testing.T) {
	hostKey, _ := sshtest.NewKey(t)
	login, private := sshtest.NewKey(t)
	server := sshtest.Start(t, login.PublicKey(), hostKey)
	env := ssh.Environment{Home: t.TempDir(), User: "deploy"}
	block, err := cryptossh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	right := app.SecretLine{Name: "KEY", Scope: app.SecretScope{Kind: app.ScopeProject, Of: "acme/shop"}}
	other := app.SecretLine{Name: "KEY", Scope: app.SecretScope{Kind: app.ScopeSite, Of: "acme/shop/staging"}}
	run := func(p *pool.Pool, s app.SecretLine) error {
		opened, err := p.Open(t.Context(), app.Host{Name: "web-1", Address: server.Address, IdentitySecret: s, AcceptNewKey: true})
		if err != nil {
			return err
		}
		_, err = opened.Run(t.Context(), host.Command{Args: []string{"true"}})
		return err
	}
	p := pool.New(env, "")
	defer p.Close()
	p.Keys = func(_ context.Context, s app.SecretLine) (secret.String, error) {
		if s != right {
			return secret.String{}, errors.New("none of " + s.Scope.Of)
		}
		return secret.New(string(pem.EncodeToMemory(block))), nil
	}
	for range 2 {
		if err := run(p, right); err != nil {
			t.Error(err)
		}
		if err := run(p, other); !errors.Is(err, host.ErrSecret) || !strings.Contains(err.Error(), "none of acme/shop/staging") {
			t.Errorf("another scope's key: %v", err)
		}
	}
	if logins := server.Logins(); logins != 1 {
		t.Errorf("%d connections to one machine", logins)
	}
	without := pool.New(env, "")
	defer without.Close()
	if err := run(without, right); !errors.Is(err, host.ErrSecret) {
		t.Errorf("a pool that reads no secrets: %v", err)
	}
}
