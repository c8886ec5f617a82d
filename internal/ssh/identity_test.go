package ssh

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/ssh/sshtest"
)

// pemOf is a private key as a file has it.
func pemOf(t *testing.T, key ed25519.PrivateKey, passphrase string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// namesIn are the names in a folder.
func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// The world's home has the right key as a default file throughout: one that is given is the only one offered all the same.
func TestGivenKey(t *testing.T) {
	_, other := sshtest.NewKey(t)
	w := newWorld(t)
	before := namesIn(t, w.env.Home)
	right := pemOf(t, w.private, "")
	for name, test := range map[string]struct {
		text string
		err  error
		want error
		says string
	}{
		"the right one":         {text: right},
		"without a break":       {text: strings.TrimSpace(right)},
		"with breaks of others": {text: strings.ReplaceAll(right, "\n", "\r\n")},
		"another":               {text: pemOf(t, other, ""), want: host.ErrRefused, says: "offered the secret DEPLOY_KEY;"},
		"with a passphrase":     {text: pemOf(t, w.private, "p"), want: host.ErrSecret, says: "the secret DEPLOY_KEY is protected by a passphrase"},
		"no key":                {text: "hunter2-hunter2", want: host.ErrSecret, says: "the secret DEPLOY_KEY is not a private key"},
		"half a key":            {text: right[:len(right)/2], want: host.ErrSecret, says: "the secret DEPLOY_KEY is not a private key"},
		"that is missing":       {err: errors.New("set it"), want: host.ErrSecret, says: "set it"},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(context.Context) (secret.String, error) { return secret.New(test.text), test.err }
			c := w.client(t, func(o *Options) { o.Key = &Key{Name: "the secret DEPLOY_KEY", Read: read} })
			_, err := run(timeout(t, 10*time.Second), c, "true")
			if !errors.Is(err, test.want) || (test.want == nil) != (err == nil) {
				t.Fatalf("error = %v, want %v", err, test.want)
			}
			if err == nil {
				return
			}
			if !contains(err, test.says) {
				t.Errorf("the message %q does not say %q", err, test.says)
			}
			for line := range strings.Lines(test.text) {
				if contains(err, strings.TrimSpace(line)) {
					t.Errorf("the message %q shows the key", err)
				}
			}
		})
	}
	if after := namesIn(t, w.env.Home); !slices.Equal(after, before) {
		t.Errorf("%v has become %v", before, after)
	}
}

// A connection that is there stays; the next one uses what the key is by then.
func TestGivenKeyIsReadForEachLogin(t *testing.T) {
	_, other := sshtest.NewKey(t)
	w := newWorld(t)
	reads, text := 0, pemOf(t, w.private, "")
	c := w.client(t, func(o *Options) {
		o.Key = &Key{Name: "the secret", Read: func(context.Context) (secret.String, error) {
			reads++
			return secret.New(text), nil
		}}
	})
	ctx := timeout(t, 20*time.Second)
	for range 2 {
		if _, err := run(ctx, c, "true"); err != nil || reads != 1 {
			t.Fatalf("%d reads, %v", reads, err)
		}
	}
	text = pemOf(t, other, "")
	w.Cut()
	for err := error(nil); !errors.Is(err, host.ErrRefused); {
		if _, err = run(ctx, c, "true"); ctx.Err() != nil {
			t.Fatalf("the old key is used again: %v", err)
		}
	}
	text = pemOf(t, w.private, "")
	if _, err := run(ctx, c, "true"); err != nil {
		t.Errorf("with the right one again: %v", err)
	}
}

// A jump host is logged in to by keys of its own.
func TestGivenKeyIsNotOfferedToJumpHosts(t *testing.T) {
	w := newWorld(t)
	login, private := sshtest.NewKey(t)
	bastion := sshtest.Start(t, login.PublicKey(), w.hostKey)
	sshtest.WriteKey(t, w.env.Home, "id_ed25519", private, "")
	sshtest.WriteFile(t, w.env.Home, "known_hosts", w.KnownLine(w.hostKey.PublicKey())+bastion.KnownLine(w.hostKey.PublicKey()))
	right := pemOf(t, w.private, "")
	c := w.client(t, func(o *Options) {
		o.Jump = bastion.Address
		o.Key = &Key{Name: "the secret", Read: func(context.Context) (secret.String, error) { return secret.New(right), nil }}
	})
	if _, err := run(timeout(t, 10*time.Second), c, "true"); err != nil || bastion.Logins() != 1 {
		t.Errorf("%d logins to the jump host, %v", bastion.Logins(), err)
	}
}
