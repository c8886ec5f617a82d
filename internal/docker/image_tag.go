package docker

import (
	"context"

	"github.com/docker/docker/client"
)

// ImageTag implements host.Engine.
func (e *Engine) ImageTag(ctx context.Context, source, target string) error {
	return e.call(ctx, quick, "tag image "+source+" as "+target, func(ctx context.Context, cli *client.Client) error {
		return cli.ImageTag(ctx, source, target)
	})
}
