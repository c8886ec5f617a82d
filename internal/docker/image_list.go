package docker

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// ImageList implements host.Engine. It leaves OS, Architecture and Layers empty: only ImageInspect knows them.
func (e *Engine) ImageList(ctx context.Context, labels map[string]string) ([]app.Image, error) {
	var out []app.Image
	err := e.call(ctx, quick, "list images", func(ctx context.Context, cli *client.Client) error {
		found, err := cli.ImageList(ctx, image.ListOptions{Filters: labelFilter(labels)})
		if err != nil {
			return err
		}
		for _, summary := range found {
			listed := app.Image{
				ID:      summary.ID,
				Size:    summary.Size,
				Tags:    realNames(summary.RepoTags),
				Labels:  summary.Labels,
				Created: time.Unix(summary.Created, 0).UTC(),
			}
			if len(listed.Tags) > 0 {
				listed.Ref = listed.Tags[0]
			}
			listed.RepoDigest = repoDigest(listed.Ref, summary.RepoDigests)
			out = append(out, listed)
		}
		return nil
	})
	return out, err
}
