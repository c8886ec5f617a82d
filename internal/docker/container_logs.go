package docker

import (
	"context"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// ContainerLogs implements host.Engine. A line is cut at 8 KiB.
func (e *Engine) ContainerLogs(ctx context.Context, id string, lines int) ([]string, error) {
	if lines <= 0 {
		return nil, nil
	}
	kept := &lastLines{limit: lines}
	stdout, stderr := &lineWriter{into: kept}, &lineWriter{into: kept}
	options := container.LogsOptions{Tail: strconv.Itoa(lines)}
	err := e.call(ctx, slow, "read the logs of container "+id, func(ctx context.Context, cli *client.Client) error {
		return copyLogs(ctx, cli, id, options, stdout, stderr)
	})
	if err != nil {
		return nil, err
	}
	stdout.flush()
	stderr.flush()
	return kept.lines, nil
}
