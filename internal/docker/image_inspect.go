package docker

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// ImageInspect implements host.Engine.
func (e *Engine) ImageInspect(ctx context.Context, ref string) (app.Image, error) {
	var out app.Image
	err := e.call(ctx, quick, "inspect image "+ref, func(ctx context.Context, cli *client.Client) error {
		found, err := cli.ImageInspect(ctx, ref)
		if err != nil {
			return err
		}
		out = inspectedImage(ref, found)
		return nil
	})
	return out, err
}

func inspectedImage(ref string, found image.InspectResponse) app.Image {
	out := app.Image{
		Ref:          ref,
		ID:           found.ID,
		RepoDigest:   repoDigest(ref, found.RepoDigests),
		OS:           found.Os,
		Architecture: found.Architecture,
		Size:         found.Size,
		Layers:       found.RootFS.Layers,
		Tags:         realNames(found.RepoTags),
		Created:      parseTime(found.Created),
	}
	if found.Config != nil {
		out.Labels = found.Config.Labels
	}
	return out
}

// repoDigest picks the digest of ref's own repository, where the engine knows the image under several.
func repoDigest(ref string, digests []string) string {
	digests = realNames(digests)
	if len(digests) == 0 {
		return ""
	}
	wanted, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return digests[0]
	}
	for _, digest := range digests {
		if named, err := reference.ParseNormalizedNamed(digest); err == nil && named.Name() == wanted.Name() {
			return digest
		}
	}
	return digests[0]
}

// realNames leaves out what older engines write for an image without a name.
func realNames(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return strings.HasPrefix(name, "<none>")
	})
}

// parseTime reads the API's time; the zero time where there is none.
func parseTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}
