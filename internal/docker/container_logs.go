package docker

import (
	"context"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// piecesPerLine is how many pieces are asked for to have a whole line: an engine keeps lines in pieces of 16 KiB and counts
// these, so that what it begins with may be the end of a line. That is not to be among the lines that are kept: nothing
// would know a part of a secret value for one.
const piecesPerLine = 8

// ContainerLogs implements host.Engine. A line is cut at 8 KiB.
func (e *Engine) ContainerLogs(ctx context.Context, id string, lines int) ([]string, error) {
	if lines <= 0 {
		return nil, nil
	}
	kept := &lastLines{limit: lines}
	stdout, stderr := &lineWriter{into: kept}, &lineWriter{into: kept}
	options := container.LogsOptions{Tail: strconv.Itoa(piecesPerLine * lines)}
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
