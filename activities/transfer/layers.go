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

// heldChains are the chain ids of all layers that an engine may be sent an image without. The classic store needs to have
// the layer. Containerd's needs the very bytes that a bundle would bring, which a layer from a registry is not kept as:
// there, images count that were built, and so came in a bundle.
func heldChains(ctx context.Context, engine host.Engine, containerd bool) (map[string]bool, error) {
	var labels map[string]string
	if containerd {
		labels = map[string]string{app.LabelSite: ""}
	}
	images, err := engine.ImageList(ctx, labels)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	chains := map[string]bool{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inspectsAtOnce)
	for _, listed := range images {
		group.Go(func() error {
			image, err := engine.ImageInspect(ctx, listed.ID)
			if errors.Is(err, host.ErrNotFound) {
				return nil // removed meanwhile
			}
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, chain := range bundle.Chains(image.Layers) {
				chains[chain] = true
			}
			return nil
		})
	}
	return chains, group.Wait()
}
