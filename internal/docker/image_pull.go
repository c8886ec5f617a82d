package docker

import (
	"context"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/longshore-dev/longshore/internal/host"
)

// ImagePull implements host.Engine.
func (e *Engine) ImagePull(ctx context.Context, ref string, options host.PullOptions) error {
	return e.asking(options.Login, e.stream(ctx, "pull image "+ref, func(ctx context.Context, cli *client.Client) error {
		auth, err := registryAuth(options.Login)
		if err != nil {
			return err
		}
		body, err := cli.ImagePull(ctx, ref, image.PullOptions{Platform: options.Platform, RegistryAuth: auth})
		if err != nil {
			return err
		}
		defer body.Close()
		sum := pullProgress{}
		return eachMessage(body, func(message jsonmessage.JSONMessage) {
			if sum.add(message) && options.Progress != nil {
				options.Progress(sum.bytes())
			}
		})
	}))
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
