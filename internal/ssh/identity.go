package ssh

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

// identity is the one key that a login may use.
type identity interface {
	// name is what errors call it.
	name() string
	// signer answers the key, which may be one of those that the agent holds.
	signer(ctx context.Context, held []ssh.Signer) (ssh.Signer, error)
}

// keyFile is the path of a private key, or of the public half of one that the agent holds.
type keyFile string

func (f keyFile) name() string { return string(f) }

func (f keyFile) signer(_ context.Context, held []ssh.Signer) (ssh.Signer, error) {
	signer, why := readKey(string(f), held)
	if signer == nil {
		return nil, fmt.Errorf("%w: the key file %s: %s", host.ErrSettings, string(f), why)
	}
	return signer, nil
}

// Key is a private key that no file has. It is read anew for each login, so that the next one uses what was changed.
type Key struct {
	// Name is what errors call it: "the secret DEPLOY_KEY".
	Name string
	// Read answers the key, in OpenSSH's form or PEM, without a passphrase. It ends when ctx does. Its error, which must not
	// hold any of the key, is a host.ErrSecret to who calls the client.
	Read func(ctx context.Context) (secret.String, error)
}

func (k Key) name() string { return k.Name }

func (k Key) signer(ctx context.Context, _ []ssh.Signer) (ssh.Signer, error) {
	text, err := k.Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", host.ErrSecret, err)
	}
	// The parser's own words are left out: they may quote what it has read.
	signer, err := ssh.ParsePrivateKey([]byte(text.Reveal()))
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer, nil
	case errors.As(err, &locked):
		return nil, fmt.Errorf("%w: %s is protected by a passphrase: keep it without one (ssh-keygen -p)", host.ErrSecret, k.Name)
	default:
		return nil, fmt.Errorf("%w: %s is not a private key that can be read", host.ErrSecret, k.Name)
	}
}
