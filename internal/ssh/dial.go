package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/host"
)

// hopTimeout bounds the connection and the login to one host; each jump adds as much.
const hopTimeout = 10 * time.Second

// maxHops ends a configuration whose jump hosts lead to each other.
const maxHops = 8

// connect dials the host through its jump hosts.
func (c *Client) connect(ctx context.Context) (*link, error) {
	config, err := loadConfiguration(c.options.Environment)
	if err != nil {
		return nil, err
	}
	route, err := c.route(config, c.target, c.jumps, 0)
	if err != nil {
		return nil, err
	}
	var last *link
	for i, s := range route {
		var required identity
		if i == len(route)-1 {
			required = c.required
		}
		next, err := c.hop(ctx, last, s, required)
		if err != nil {
			if last != nil {
				last.close()
			}
			if i < len(route)-1 {
				return nil, fmt.Errorf("jump host of %s: %w", c.target, err)
			}
			return nil, err
		}
		last = next
	}
	return last, nil
}

// route lists the hosts to go through, the target last. jumps override what the configuration says of it.
func (c *Client) route(config configuration, target address, jumps []address, depth int) ([]settings, error) {
	if depth >= maxHops {
		return nil, fmt.Errorf("%w: the jump hosts of %s lead to each other; mend ProxyJump in the SSH configuration",
			host.ErrSettings, c.target)
	}
	s, err := resolve(c.options.Environment, config, target)
	if err != nil {
		return nil, err
	}
	s.known.acceptNew = c.options.AcceptNew
	if len(jumps) == 0 {
		jumps = s.jumps
	}
	var route []settings
	for i, jump := range jumps {
		// Only the first is reached from here, so only its own jump hosts count.
		if i == 0 {
			before, err := c.route(config, jump, nil, depth+1)
			if err != nil {
				return nil, err
			}
			route = append(route, before...)
			continue
		}
		via, err := resolve(c.options.Environment, config, jump)
		if err != nil {
			return nil, err
		}
		via.known.acceptNew = c.options.AcceptNew
		route = append(route, via)
	}
	return append(route, s), nil
}

// hop connects and logs in to one host, over the connection below where there is one.
func (c *Client) hop(ctx context.Context, below *link, s settings, required identity) (*link, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, hopTimeout, fmt.Errorf("no answer within %s", hopTimeout))
	defer cancel()
	ring, err := gather(ctx, s, required)
	if err != nil {
		return nil, err
	}
	defer ring.close()
	algorithms, err := s.known.algorithms()
	if err != nil {
		return nil, err
	}
	conn, err := reach(ctx, below, s)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: conn}
	client, err := login(ctx, w, s, ring, algorithms)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return newLink(s.String(), client, w, below, c.options.KeepAlive), nil
}

// reach opens the connection that a login runs on.
func reach(ctx context.Context, below *link, s settings) (net.Conn, error) {
	if below != nil {
		conn, err := below.forward(ctx, "tcp", s.endpoint())
		switch {
		case err == nil:
			return conn, nil
		case errors.Is(err, host.ErrRefused):
			return nil, fmt.Errorf("reach %s through %s: %w", s, below.name, err)
		default:
			return nil, fmt.Errorf("%w: %s through %s: %w", host.ErrUnreachable, s, below.name, err)
		}
	}
	dialer := net.Dialer{KeepAlive: hopTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", s.endpoint())
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("%w: %s: %w; %s", host.ErrUnreachable, s, err, adviceOn(err))
	}
	return conn, nil
}

func adviceOn(err error) string {
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		return "check the host's name"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "check the port, and that sshd runs"
	default:
		return "check the address, the server and the firewalls between"
	}
}

// login shakes hands. The library knows no context, so the handshake is ended by closing what it runs on.
func login(ctx context.Context, conn net.Conn, s settings, ring *keyring, algorithms []string) (*ssh.Client, error) {
	var refusal error // of the host key; read once the handshake is over
	var asked atomic.Bool
	config := &ssh.ClientConfig{
		User:              s.user,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(ring.signers...)},
		HostKeyAlgorithms: algorithms,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			refusal = s.known.check(s.String(), key)
			return refusal
		},
		// Asked for each try to log in, it only tells that the host's key was accepted by then.
		AuthCallback: func(*ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			asked.Store(true)
			return nil, nil
		},
	}
	type answer struct {
		client *ssh.Client
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		c, channels, requests, err := ssh.NewClientConn(conn, s.endpoint(), config)
		if err != nil {
			if refusal != nil {
				err = refusal
			}
			answers <- answer{err: err}
			return
		}
		answers <- answer{client: ssh.NewClient(c, channels, requests)}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, classify(a.err, s, ring, asked.Load())
		}
		return a.client, nil
	case <-ctx.Done():
		_ = conn.Close()
		return nil, fmt.Errorf("%w: %s: SSH handshake: %w; %s", host.ErrUnreachable, s, context.Cause(ctx), adviceOn(nil))
	}
}

// classify tells a refused login, which the library reports as plain text, from a broken connection.
func classify(err error, s settings, ring *keyring, asked bool) error {
	var negotiation *ssh.AlgorithmNegotiationError
	var network net.Error
	broken := errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &network)
	switch {
	case errors.Is(err, host.ErrHostKey), errors.Is(err, host.ErrSettings), errors.Is(err, host.ErrUnreachable):
		return err
	case errors.As(err, &negotiation):
		return fmt.Errorf("%w: %s: %w; the server's SSH is too old or too strict", host.ErrRefused, s, err)
	case asked && (!broken || strings.Contains(err.Error(), "unable to authenticate")):
		return fmt.Errorf("%w: %s: %s; check the user's name and its authorized_keys on the server", host.ErrRefused, s, ring)
	default:
		return fmt.Errorf("%w: %s: %w; check that an SSH server listens there and is not overloaded", host.ErrUnreachable, s, err)
	}
}
