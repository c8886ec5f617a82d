package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/ssh"
)

// relays remembers which sockets SSH would not forward but a relay on the server reached.
type relays struct {
	mu    sync.Mutex
	needs map[string]bool
}

func (r *relays) need(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.needs[address]
}

func (r *relays) learn(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.needs == nil {
		r.needs = make(map[string]bool)
	}
	r.needs[address] = true
}

// Dial opens a connection from the server. A socket that the login may not use, or that sshd does not forward, is
// reached by the Docker client there, with sudo where the login has it: it connects its standard streams to any socket.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := host.Bounded(ctx, host.DialLimit)
	defer cancel()
	conn, err := h.dial(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.name, err)
	}
	return conn, nil
}

func (h *Host) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if network != "unix" {
		return h.client.Dial(ctx, network, address)
	}
	if !h.relays.need(address) {
		conn, err := h.client.Dial(ctx, network, address)
		if err == nil || !errors.Is(err, ssh.ErrForward) {
			return conn, err
		}
	}
	r, err := h.access.ask(ctx)
	if err != nil {
		return nil, err
	}
	err = h.client.Run(ctx, ssh.Command{Args: r.best(script(`[ -S "$1" ] || exit 44`, address))})
	if err != nil {
		return nil, fmt.Errorf("socket %s: %w", address, kind(err))
	}
	process, err := h.client.Start(ctx, r.best([]string{"docker", "-H", "unix://" + address, "system", "dial-stdio"})...)
	if err != nil {
		return nil, err
	}
	stream := &relay{Process: process, address: address, kind: ssh.ErrForward, reached: func() { h.relays.learn(address) }}
	if address == h.socket {
		stream.kind = host.ErrNoDocker
	}
	return ssh.NewConn(stream, network, address), nil
}

func (h *Host) dialEngine(ctx context.Context) (net.Conn, error) {
	conn, err := h.Dial(ctx, "unix", h.socket)
	if errors.Is(err, host.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w; install and start Docker there, or name its socket in the host's docker_socket", host.ErrNoDocker, err)
	}
	return conn, err
}

// relay is a Docker client on the server that passes bytes to a socket. Whether it got there shows only once it answers
// or ends.
type relay struct {
	*ssh.Process
	address string
	kind    error // of a relay that fails
	once    sync.Once
	reached func()
}

func (r *relay) Read(p []byte) (int, error) {
	n, err := r.Process.Read(p)
	if n > 0 {
		r.once.Do(r.reached)
	}
	return n, r.explain(err)
}

func (r *relay) Write(p []byte) (int, error) {
	n, err := r.Process.Write(p)
	return n, r.explain(err)
}

// explain tells why the relay failed in words of its own: the Docker client, which this error passes through, throws away
// one whose text reads like a failed dial.
func (r *relay) explain(err error) error {
	var exit *host.ExitError
	if err == nil || errors.Is(err, io.EOF) || !errors.As(err, &exit) {
		return err
	}
	said := strings.ToLower(exit.Stderr)
	why := strings.ReplaceAll(exit.Stderr, "dial unix ", "")
	switch {
	case exit.Code == 127, strings.Contains(said, "command not found"):
		why = "SSH does not forward it, and there is no Docker client to reach it with; install one (docker-cli) on the " +
			"server, or allow stream-local forwarding in its sshd_config"
	case strings.Contains(said, "permission denied"):
		why = "the login may not use it; add it to the group docker, or allow it sudo without a password"
	case strings.Contains(said, "connection refused"):
		why = "nothing listens on it; start what should"
	}
	return fmt.Errorf("%w: socket %s: %s", r.kind, r.address, why)
}
