package docker

import (
	"context"
	"io"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/longshore-dev/longshore/internal/host"
)

// ContainerExec implements host.Engine. A command that outlasts ctx goes on in the container: the Docker API has no word
// to end it (moby issue 9098), but the end of its input.
func (e *Engine) ContainerExec(ctx context.Context, id string, cmd host.ExecCommand) (host.Output, error) {
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
	stream, err := cli.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
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
	if _, err := stdcopy.StdCopy(stdout, stderr, stream.Reader); err != nil {
		return host.Output{}, 0, err
	}
	if err := ctx.Err(); err != nil {
		return host.Output{}, 0, err
	}
	ended, err := cli.ContainerExecInspect(ctx, created.ID)
	return host.Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}, ended.ExitCode, err
}
