package docker

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/longshore-dev/longshore/internal/host"
)

// ContainerExec implements host.Engine. A command that outlasts ctx goes on in the container: the Docker API has no word
// to end it (moby issue 9098), but the end of its input.
func (e *Engine) ContainerExec(ctx context.Context, id string, cmd host.ExecCommand) (host.Output, error) {
	op := "run a command in container " + id
	if len(cmd.Args) == 0 {
		return host.Output{}, e.fail(ctx, op, invalid{errors.New("a command needs a program")})
	}
	ctx, cancel := bounded(ctx, slow)
	defer cancel()
	var out host.Output
	code := 0
	err := e.call(ctx, slow, "run "+cmd.Args[0]+" in container "+id, func(ctx context.Context, cli *client.Client) (err error) {
		out, code, err = exec(ctx, cli, id, cmd)
		return err
	})
	if err == nil && code != 0 {
		err = &host.ExitError{Command: cmd.Args[0], Code: code, Stderr: host.Last(out.Stderr, host.StderrLimit)}
	}
	return out, err
}

func exec(ctx context.Context, cli *client.Client, id string, cmd host.ExecCommand) (host.Output, int, error) {
	created, err := cli.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: cmd.Args, User: cmd.User, AttachStdin: cmd.Stdin != nil, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return host.Output{}, 0, err
	}
	stream, err := attach(ctx, cli, created.ID)
	if err != nil {
		return host.Output{}, 0, err
	}
	defer stream.Close()
	// The stream knows no context: its end has to be made.
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	if cmd.Stdin != nil {
		go func() {
			_, _ = io.Copy(stream.Conn, cmd.Stdin) // a command may end without reading all of it
			_ = stream.CloseWrite()
		}()
	}
	stdout, stderr := host.NewTail(host.OutputLimit), host.NewTail(host.OutputLimit)
	if _, err := stdcopy.StdCopy(stdout, stderr, stream.Reader); err != nil && ctx.Err() == nil {
		return host.Output{}, 0, err
	}
	code, err := awaitExit(ctx, cli, created.ID)
	return host.Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}, code, err
}

// attach starts a command. The client's own call does not end with its context once it has dialled.
func attach(ctx context.Context, cli *client.Client, execID string) (types.HijackedResponse, error) {
	type answer struct {
		stream types.HijackedResponse
		err    error
	}
	answers := make(chan answer)
	go func() {
		stream, err := cli.ContainerExecAttach(ctx, execID, container.ExecAttachOptions{})
		select {
		case answers <- answer{stream, err}:
		case <-ctx.Done():
			if err == nil {
				stream.Close()
			}
		}
	}()
	select {
	case a := <-answers:
		return a.stream, a.err
	case <-ctx.Done():
		return types.HijackedResponse{}, ctx.Err()
	}
}

// awaitExit is the exit code of a command whose output has ended: it may itself end a moment later, and where the stream
// was lost, or a child has closed it, much later.
func awaitExit(ctx context.Context, cli *client.Client, execID string) (int, error) {
	for {
		state, err := cli.ContainerExecInspect(ctx, execID)
		if err != nil || !state.Running {
			return state.ExitCode, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
