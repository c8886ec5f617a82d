package supervise

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/longshore-dev/longshore/activities/engine"
)

// loopback is the only address that anything is served on.
const loopback = "127.0.0.1"

// The ports where nothing else has been chosen; the first two are Temporal's own.
const (
	enginePort = 7233
	uiPort     = 8233
	codecPort  = 8234
)

// portPatience is how long to wait for a port to be free that was ours before: children of a supervisor that was killed
// may take a moment to go.
const portPatience = 3 * time.Second

// Ports are those that the user asks for; 0 leaves one to the supervisor.
type Ports struct{ Engine, UI, Codec int }

// choosePorts gives the ports asked for; else those of before where they are free, the usual ones on a first start, and
// any free port in the place of one that is taken for longer than patience. A port asked for that is taken is an error.
func choosePorts(ctx context.Context, patience time.Duration, asked Ports, before engine.Endpoints) (engine.Endpoints, error) {
	taken := map[int]bool{}
	choose := func(asked int, saved string, usual int) (string, error) {
		if asked != 0 {
			if taken[asked] || !waitFree(ctx, asked, patience) {
				return "", fmt.Errorf("port %d on %s is taken by another program; choose another, or leave the choice to longshore up", asked, loopback)
			}
			taken[asked] = true
			return net.JoinHostPort(loopback, strconv.Itoa(asked)), nil
		}
		port, wait := usual, time.Duration(0)
		if n := portOf(saved); n != 0 {
			port, wait = n, patience
		}
		if taken[port] || !waitFree(ctx, port, wait) {
			var err error
			if port, err = anyFree(taken); err != nil {
				return "", err
			}
		}
		taken[port] = true
		return net.JoinHostPort(loopback, strconv.Itoa(port)), nil
	}
	address, err := choose(asked.Engine, before.Engine, enginePort)
	if err != nil {
		return engine.Endpoints{}, err
	}
	ui, err := choose(asked.UI, before.UI, uiPort)
	if err != nil {
		return engine.Endpoints{}, err
	}
	codec, err := choose(asked.Codec, before.Codec, codecPort)
	if err != nil {
		return engine.Endpoints{}, err
	}
	return engine.Endpoints{Engine: address, UI: "http://" + ui, Codec: "http://" + codec}, nil
}

// portOf reads the port of "address:port" or of a URL; 0 where there is none.
func portOf(text string) int {
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		text = u.Host
	}
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return 0
	}
	return n
}

func waitFree(ctx context.Context, port int, patience time.Duration) bool {
	for deadline := time.Now().Add(patience); ; {
		listener, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if err == nil {
			return listener.Close() == nil
		}
		if time.Now().After(deadline) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func anyFree(taken map[int]bool) (int, error) {
	for range 100 {
		listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
		if err != nil {
			return 0, fmt.Errorf("find a free port on %s: %w", loopback, err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		if err := listener.Close(); err != nil {
			return 0, fmt.Errorf("find a free port on %s: %w", loopback, err)
		}
		if !taken[port] {
			return port, nil
		}
	}
	return 0, fmt.Errorf("find a free port on %s: none was found", loopback)
}
