package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/host"
)

// ErrForward is a server that would not open a forwarded connection: nothing listens there, or the login may not use it,
// or forwarding is turned off. The protocol does not say which.
var ErrForward = errors.New("the SSH server did not open the forwarded connection")

// Dial opens a connection from the host to a Unix socket (by absolute path) or a TCP address, as a process of the login
// would.
func (c *Client) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	l, err := c.link(ctx)
	if err != nil {
		return nil, err
	}
	return l.forward(ctx, network, address)
}

// The payloads of a channel's opening.
type (
	openTCP struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	openUnix struct {
		Path     string
		Reserved string
		Unused   uint32
	}
)

func (l *link) forward(ctx context.Context, network, address string) (net.Conn, error) {
	kind, payload, err := opening(network, address)
	if err != nil {
		return nil, err
	}
	channel, err := await(ctx, l, func() (ssh.Channel, error) {
		channel, requests, err := l.client.OpenChannel(kind, payload)
		if err != nil {
			return nil, err
		}
		go ssh.DiscardRequests(requests)
		return channel, nil
	}, func(channel ssh.Channel) { _ = channel.Close() })
	var refused *ssh.OpenChannelError
	switch {
	case err == nil:
		return NewConn(&lane{Channel: channel, link: l}, network, address), nil
	case errors.As(err, &refused) && refused.Reason == ssh.Prohibited && network == "tcp":
		return nil, fmt.Errorf("%w: %w: %s %s on %s: %s; set AllowTcpForwarding in its sshd_config",
			host.ErrRefused, ErrForward, network, address, l.name, refused.Message)
	case errors.As(err, &refused):
		return nil, fmt.Errorf("%w: %s %s on %s: %s", ErrForward, network, address, l.name, refused.Message)
	default:
		return nil, fmt.Errorf("dial %s %s on %s: %w", network, address, l.name, err)
	}
}

func opening(network, address string) (kind string, payload []byte, err error) {
	switch network {
	case "unix":
		return "direct-streamlocal@openssh.com", ssh.Marshal(openUnix{Path: address}), nil
	case "tcp":
		name, port, err := net.SplitHostPort(address)
		if err != nil {
			return "", nil, fmt.Errorf("dial %s: %w", address, err)
		}
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return "", nil, fmt.Errorf("dial %s: the port is not a number", address)
		}
		return "direct-tcpip", ssh.Marshal(openTCP{Host: name, Port: uint32(number), OriginHost: "127.0.0.1"}), nil
	default:
		return "", nil, fmt.Errorf("dial %s: network %q is neither unix nor tcp", address, network)
	}
}

// lane is a channel that tells a lost connection from the peer's end.
type lane struct {
	ssh.Channel
	link    *link
	writing sync.Mutex // the library lets nobody end a stream that somebody writes to
}

func (c *lane) Read(p []byte) (int, error) {
	n, err := c.Channel.Read(p)
	if err != nil && n == 0 && c.link.gone() {
		return 0, c.link.lost()
	}
	return n, err
}

func (c *lane) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	n, err := c.Channel.Write(p)
	if err != nil && c.link.gone() {
		return n, c.link.lost()
	}
	return n, err
}

// CloseWrite ends this direction, after what is being written.
func (c *lane) CloseWrite() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.Channel.CloseWrite()
}

// Stream is what NewConn makes a connection of.
type Stream interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// Conn is a network connection over a stream that knows no deadlines. One that passes closes the stream: a deadline
// cannot be taken back once it has passed.
type Conn struct {
	Stream
	network, address string

	mu      sync.Mutex
	read    *time.Timer
	write   *time.Timer
	expired bool
}

// NewConn names the far end by network and address.
func NewConn(stream Stream, network, address string) *Conn {
	return &Conn{Stream: stream, network: network, address: address}
}

// Read reads from the stream.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Stream.Read(p)
	return n, c.explain(err)
}

// Write writes to the stream.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.Stream.Write(p)
	return n, c.explain(err)
}

func (c *Conn) explain(err error) error {
	if err == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.expired {
		return os.ErrDeadlineExceeded
	}
	return err
}

// Close ends both directions.
func (c *Conn) Close() error {
	c.stop()
	return c.Stream.Close()
}

func (c *Conn) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, timer := range []*time.Timer{c.read, c.write} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// LocalAddr is the far end too: the near one has no address.
func (c *Conn) LocalAddr() net.Addr { return endpoint{c.network, c.address} }

// RemoteAddr is the far end.
func (c *Conn) RemoteAddr() net.Addr { return endpoint{c.network, c.address} }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.arm(&c.read, t)
	c.arm(&c.write, t)
	return nil
}

// SetReadDeadline sets that of reading.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.arm(&c.read, t)
	return nil
}

// SetWriteDeadline sets that of writing.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.arm(&c.write, t)
	return nil
}

func (c *Conn) arm(timer **time.Timer, t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *timer != nil {
		(*timer).Stop()
		*timer = nil
	}
	if !t.IsZero() {
		*timer = time.AfterFunc(time.Until(t), func() {
			c.mu.Lock()
			c.expired = true
			c.mu.Unlock()
			_ = c.Stream.Close()
		})
	}
}

type endpoint struct{ network, address string }

func (e endpoint) Network() string { return e.network }
func (e endpoint) String() string  { return e.address }
