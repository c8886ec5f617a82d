package transfer

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/bundle"
)

// inspectsAtOnce bounds the questions that are under way to one engine.
const inspectsAtOnce = 8

// heldChains are the chain ids of all layers that an engine's images are made of.
func heldChains(ctx context.Context, engine host.Engine) (map[string]bool, error) {
	images, err := engine.ImageList(ctx, nil)
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
