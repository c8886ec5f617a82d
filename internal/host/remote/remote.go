// Package remote is a server over SSH as a host: its engine's socket forwarded, its state folder kept by small POSIX
// shell scripts, its locks held by flock. The scripts are constants; everything else reaches them as arguments.
package remote

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/docker"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/ssh"
)

// Host is a server.
type Host struct {
	name   string
	socket string // the engine's
	client *ssh.Client
	engine *docker.Engine
	files  *files
	access *access
	relays *relays
}

var _ host.Host = (*Host)(nil)

// New makes a host over a client, which other hosts may share: only Close closes it. Nothing is dialled.
func New(h app.Host, client *ssh.Client) (*Host, error) {
	root := h.StateFolder()
	if !path.IsAbs(root) {
		return nil, fmt.Errorf("%w: %s: the state folder %q is not an absolute path", host.ErrSettings, h.Name, root)
	}
	root = path.Clean(root)
	socket := h.EngineSocket()
	remote := &Host{
		name:   h.Name,
		socket: socket,
		client: client,
		access: &access{client: client, root: root},
		relays: &relays{},
	}
	remote.files = &files{name: h.Name, root: root, client: client, access: remote.access}
	engine, err := docker.New(remote.dialEngine, h.Name)
	if err != nil {
		return nil, err
	}
	remote.engine = engine
	return remote, nil
}

// Name is the host's name in the project.
func (h *Host) Name() string { return h.name }

// Engine is the server's Docker engine.
func (h *Host) Engine() host.Engine { return h.engine }

// Files is the state folder.
func (h *Host) Files() host.Files { return h.files }

// Run runs a command on the server.
func (h *Host) Run(ctx context.Context, cmd host.Command) (host.Output, error) {
	if len(cmd.Args) == 0 || cmd.Args[0] == "" {
		return host.Output{}, errors.New("a command needs a program")
	}
	ctx, cancel := host.Bounded(ctx, host.RunLimit)
	defer cancel()
	args := cmd.Args
	if cmd.Root {
		var err error
		if args, err = h.access.asRoot(ctx, args); err != nil {
			return host.Output{}, fmt.Errorf("%s: %w", h.name, err)
		}
	}
	stdout, stderr := host.NewTail(host.OutputLimit), host.NewTail(host.OutputLimit)
	err := h.client.Run(ctx, ssh.Command{Args: args, Stdin: cmd.Stdin, Stdout: stdout, Stderr: stderr})
	var exit *host.ExitError
	if errors.As(err, &exit) {
		// Under sudo the program is still the one that was asked for.
		exit.Command = path.Base(cmd.Args[0])
	} else if err != nil {
		err = fmt.Errorf("%s: %w", h.name, err)
	}
	return host.Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}, err
}

// Close ends the connection, for all hosts that share it.
func (h *Host) Close() error { return errors.Join(h.engine.Close(), h.client.Close()) }
