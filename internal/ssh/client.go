package ssh

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

// Options say which host to reach and how.
type Options struct {
	// Address is "[user@]name[:port]"; name may be an alias of the SSH configuration.
	Address string
	// Jump is a comma-separated list of addresses to go through; empty means what the SSH configuration says.
	Jump string
	// IdentityFile is the only key to offer to the host; empty means the agent's and the SSH configuration's.
	IdentityFile string
	// Key is the only key to offer to the host, in the place of IdentityFile; nil for none.
	Key *Key
	// AcceptNew writes the key of a host that the known hosts do not hold instead of refusing it.
	AcceptNew   bool
	Environment Environment
	// KeepAlive's zero value means an interval of 5 s and 3 misses: a cut shows within 20 s.
	KeepAlive KeepAlive
}

// KeepAlive is how a cut is noticed: an interval in which nothing arrives is a miss.
type KeepAlive struct {
	Interval time.Duration
	Misses   int
}

// Client reaches one host. It is safe for concurrent use: all callers share one connection.
type Client struct {
	options  Options
	target   address
	jumps    []address
	required identity

	mu      sync.Mutex
	current *link
	dialing *dialing // nil while nobody dials
	closed  bool
}

// dialing is one try that all who need the connection wait for.
type dialing struct {
	done   chan struct{}
	cancel context.CancelFunc
	link   *link
	err    error
}

// errClosed is the error of every call after Close.
var errClosed = errors.New("the SSH client is closed")

// New makes a client without dialling. Its error, an ErrSettings, is that of an address.
func New(options Options) (*Client, error) {
	c := &Client{options: options}
	var err error
	if c.target, err = parseAddress(options.Address); err != nil {
		return nil, err
	}
	if options.Jump != "" {
		if c.jumps, err = parseJumps(options.Jump); err != nil {
			return nil, err
		}
	}
	switch {
	case options.Key != nil:
		c.required = *options.Key
	case options.IdentityFile != "":
		c.required = keyFile(options.Environment.path(options.IdentityFile))
	}
	if c.options.KeepAlive == (KeepAlive{}) {
		c.options.KeepAlive = KeepAlive{Interval: 5 * time.Second, Misses: 3}
	}
	return c, nil
}

// Address is the host's address as it was given.
func (c *Client) Address() string { return c.target.String() }

// link returns the live connection, dialling where there is none. A try outlives the caller that began it, since others
// may wait for it; it is bounded by its own deadlines.
func (c *Client) link(ctx context.Context) (*link, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, errClosed
	}
	if c.current != nil && !c.current.gone() {
		defer c.mu.Unlock()
		return c.current, nil
	}
	try := c.dialing
	if try == nil {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxHops*hopTimeout)
		try = &dialing{done: make(chan struct{}), cancel: cancel}
		c.dialing = try
		go c.dial(detached, try)
	}
	c.mu.Unlock()
	select {
	case <-try.done:
		return try.link, try.err
	case <-ctx.Done():
		err := fmt.Errorf("connect to %s: %w", c.target, context.Cause(ctx))
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", host.ErrUnreachable, err)
		}
		return nil, err
	}
}

func (c *Client) dial(ctx context.Context, try *dialing) {
	defer try.cancel()
	try.link, try.err = c.connect(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing = nil
	if try.err == nil {
		if c.closed {
			try.link.close()
			try.link, try.err = nil, errClosed
		} else {
			c.current = try.link
		}
	}
	close(try.done)
}

// Close ends the connection. What is under way fails, and so does every later call.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.dialing != nil {
		c.dialing.cancel()
	}
	if c.current != nil {
		c.current.close()
		c.current = nil
	}
	return nil
}
