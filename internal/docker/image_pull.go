package docker

import (
	"context"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"
)

// ImagePull implements host.Engine. It pulls without credentials, and calls progress from one goroutine.
func (e *Engine) ImagePull(ctx context.Context, ref, platform string, progress func(current, total int64)) error {
	return e.stream(ctx, "pull image "+ref, func(ctx context.Context, cli *client.Client) error {
		body, err := cli.ImagePull(ctx, ref, image.PullOptions{Platform: platform})
		if err != nil {
			return err
		}
		defer body.Close()
		sum := pullProgress{}
		return eachMessage(body, func(message jsonmessage.JSONMessage) {
			if sum.add(message) && progress != nil {
				progress(sum.bytes())
			}
		})
	})
}

// pullProgress is how much of each layer, by its short id, has been downloaded.
type pullProgress map[string]layerProgress

type layerProgress struct{ current, total int64 }

// add says whether anything changed. Unpacking counts from nought again, so it is left out.
func (p pullProgress) add(message jsonmessage.JSONMessage) bool {
	before := p[message.ID]
	after := before
	switch message.Status {
	case "Downloading":
		if message.Progress == nil {
			return false
		}
		after.current = max(before.current, message.Progress.Current)
		after.total = max(before.total, message.Progress.Total)
	case "Download complete", "Pull complete":
		after.current = before.total
	}
	if after == before {
		return false
	}
	p[message.ID] = after
	return true
}

func (p pullProgress) bytes() (current, total int64) {
	for _, layer := range p {
		current += layer.current
		total += layer.total
	}
	return current, total
}
