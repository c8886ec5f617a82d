package transfer

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/bundle"
)

// inspectsAtOnce bounds the questions that are under way to one engine.
const inspectsAtOnce = 8

// imagesOf inspects all images that an engine holds.
func imagesOf(ctx context.Context, engine host.Engine) ([]app.Image, error) {
	listed, err := engine.ImageList(ctx, nil)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var images []app.Image
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inspectsAtOnce)
	for _, l := range listed {
		group.Go(func() error {
			image, err := engine.ImageInspect(ctx, l.ID)
			if errors.Is(err, host.ErrNotFound) {
				return nil // removed meanwhile
			}
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			images = append(images, image)
			return nil
		})
	}
	return images, group.Wait()
}

// heldChains are the chain ids of all layers that an engine may be sent an image without. The classic store needs to have
// the layer. Containerd's needs the very bytes that a bundle would bring, which a layer from a registry is not kept as:
// there, images count that were built, and so came in a bundle.
func heldChains(images []app.Image, containerd bool) map[string]bool {
	chains := map[string]bool{}
	for _, image := range images {
		if _, built := image.Labels[app.LabelSite]; containerd && !built {
			continue
		}
		for _, chain := range bundle.Chains(image.Layers) {
			chains[chain] = true
		}
	}
	return chains
}
