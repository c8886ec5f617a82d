// Package local is the worker's own machine as a host: the engine's Unix socket, files, flock and processes, with
// nothing between. It must not know SSH.
package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/docker"
	"github.com/longshore-dev/longshore/internal/host"
)

// Host is this machine.
type Host struct {
	name   string
	engine *docker.Engine
	files  *files
	closed *atomic.Bool
}

var _ host.Host = (*Host)(nil)

// New makes the host without touching anything. Its state folder has to be one that this process may write.
func New(h app.Host) (*Host, error) {
	root := h.StateFolder()
	if !filepath.IsAbs(root) {
		return nil, fmt.Errorf("%w: %s: the state folder %q is not an absolute path", host.ErrSettings, h.Name, root)
	}
	socket := h.EngineSocket()
	closed := &atomic.Bool{}
	local := &Host{name: h.Name, closed: closed, files: &files{root: filepath.Clean(root), closed: closed}}
	engine, err := docker.New(func(ctx context.Context) (net.Conn, error) { return local.dialEngine(ctx, socket) }, h.Name)
	if err != nil {
		return nil, err
	}
	local.engine = engine
	return local, nil
}

var errClosed = errors.New("the host is closed")

// Name is the host's name in the project.
func (h *Host) Name() string { return h.name }

// Engine is the machine's Docker engine.
func (h *Host) Engine() host.Engine { return h.engine }

// Files is the state folder.
func (h *Host) Files() host.Files { return h.files }

// Dial opens a connection on this machine.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if h.closed.Load() {
		return nil, errClosed
	}
	if network != "unix" && network != "tcp" {
		return nil, fmt.Errorf("dial %s: network %q is neither unix nor tcp", address, network)
	}
	ctx, cancel := host.Bounded(ctx, host.DialLimit)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if errors.Is(err, syscall.ENOENT) {
		return nil, fmt.Errorf("%w: %w", host.ErrNotFound, err)
	}
	return conn, err
}

func (h *Host) dialEngine(ctx context.Context, socket string) (net.Conn, error) {
	conn, err := h.Dial(ctx, "unix", socket)
	switch {
	case err == nil, ctx.Err() != nil, h.closed.Load():
		return conn, err
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w: %w; add this user to the group docker, or run the worker as root", host.ErrNoDocker, err)
	default:
		return nil, fmt.Errorf("%w: %w; install and start Docker, or name its socket in the host's docker_socket", host.ErrNoDocker, err)
	}
}

// Close makes later calls fail.
func (h *Host) Close() error {
	h.closed.Store(true)
	return h.engine.Close()
}
