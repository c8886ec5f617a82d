package docker

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/longshore-dev/longshore/internal/host"
)

// ContainerFollow implements host.Engine. A container with a terminal has one stream, which goes to stdout. The end of
// ctx is an error, that of the container is none.
func (e *Engine) ContainerFollow(
	ctx context.Context, id string, opts host.FollowOptions, stdout, stderr io.Writer,
) error {
	tail := "all"
	if opts.Tail >= 0 {
		tail = strconv.Itoa(opts.Tail)
	}
	options := container.LogsOptions{Follow: opts.Follow, Tail: tail, Timestamps: opts.Timestamps}
	if !opts.Since.IsZero() {
		options.Since = opts.Since.UTC().Format(time.RFC3339Nano)
	}
	return e.stream(ctx, "read the logs of container "+id, func(ctx context.Context, cli *client.Client) error {
		return copyLogs(ctx, cli, id, options, stdout, stderr)
	})
}

// copyLogs takes the streams apart, and leaves whole the single one of a terminal.
func copyLogs(
	ctx context.Context, cli *client.Client, id string, options container.LogsOptions, stdout, stderr io.Writer,
) error {
	found, err := cli.ContainerInspect(ctx, id)
	if err != nil {
		return err
	}
	options.ShowStdout, options.ShowStderr = true, true
	body, err := cli.ContainerLogs(ctx, id, options)
	if err != nil {
		return err
	}
	defer body.Close()
	if found.Config != nil && found.Config.Tty {
		_, err = io.Copy(stdout, body)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, body)
	}
	return err
}
