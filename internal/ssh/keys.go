package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// keyring holds the keys that one login offers, in order, and tells afterwards what was tried.
type keyring struct {
	signers []ssh.Signer
	offered []string
	passed  []string // what could not be offered, and why
	close   func()
}

// gather finds the keys: those of named files first, then the agent's, then those of the default files. One that is
// required is the only one offered; nil where none is.
func gather(ctx context.Context, s settings, required identity) (*keyring, error) {
	ring := &keyring{close: func() {}}
	held := ring.askAgent(ctx, s.agent)
	if required != nil {
		signer, err := required.signer(ctx, held)
		if err != nil {
			ring.close()
			return nil, fmt.Errorf("log in to %s: %w", s, err)
		}
		ring.offer(signer, required.name())
		return ring, nil
	}
	if !s.defaulted {
		ring.offerFiles(s, held)
	}
	if !s.only {
		for _, signer := range held {
			ring.offer(signer, "the agent's "+describe(signer.PublicKey()))
		}
	}
	if s.defaulted {
		ring.offerFiles(s, held)
	}
	return ring, nil
}

func (r *keyring) offerFiles(s settings, held []ssh.Signer) {
	for _, path := range s.identities {
		signer, why := readKey(path, held)
		switch {
		case signer != nil:
			r.offer(signer, path)
		case s.defaulted && why == missing:
		default:
			r.passed = append(r.passed, path+" ("+why+")")
		}
	}
}

func (r *keyring) offer(signer ssh.Signer, name string) {
	for _, known := range r.signers {
		if bytes.Equal(known.PublicKey().Marshal(), signer.PublicKey().Marshal()) {
			return
		}
	}
	r.signers = append(r.signers, signer)
	r.offered = append(r.offered, name)
}

// askAgent returns the agent's keys. One that does not answer is no error: a file may do.
func (r *keyring) askAgent(ctx context.Context, socket string) []ssh.Signer {
	if socket == "" {
		return nil
	}
	failed := func(err error) []ssh.Signer {
		r.passed = append(r.passed, "the agent at "+socket+" ("+err.Error()+")")
		return nil
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return failed(err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			conn.Close()
			return failed(err)
		}
	}
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		conn.Close()
		return failed(err)
	}
	r.close = func() { conn.Close() }
	return signers
}

const missing = "there is no such file"

// readKey reads a private key, or finds the agent's where the file is protected by a passphrase. With no signer it says
// why.
func readKey(path string, held []ssh.Signer) (signer ssh.Signer, why string) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing
	}
	if err != nil {
		return nil, err.Error()
	}
	// Signers of the agent may be named by their public part alone.
	if public, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		if signer := find(held, public); signer != nil {
			return signer, ""
		}
		return nil, "it is a public key, and the agent does not hold its private part"
	}
	signer, err = ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer, ""
	case !errors.As(err, &locked):
		return nil, "it is not a private key that can be read"
	}
	public := locked.PublicKey
	if public == nil {
		public = publicOf(path)
	}
	if signer := find(held, public); signer != nil {
		return signer, ""
	}
	return nil, "it is protected by a passphrase; hand it to the agent with: " + Quote("ssh-add", path)
}

// publicOf reads the public part beside a private key of a format that does not show it.
func publicOf(path string) ssh.PublicKey {
	data, err := os.ReadFile(path + ".pub")
	if err != nil {
		return nil
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil
	}
	return public
}

func find(held []ssh.Signer, public ssh.PublicKey) ssh.Signer {
	if public == nil {
		return nil
	}
	for _, signer := range held {
		if bytes.Equal(signer.PublicKey().Marshal(), public.Marshal()) {
			return signer
		}
	}
	return nil
}

// String tells what was offered, for the message of a refused login.
func (r *keyring) String() string {
	text := "no key was offered"
	if len(r.offered) > 0 {
		text = "offered " + strings.Join(r.offered, ", ")
	}
	if len(r.passed) > 0 {
		text += "; passed over " + strings.Join(r.passed, ", ")
	}
	return text
}
