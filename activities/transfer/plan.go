package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/longshore-dev/longshore/internal/image/bundle"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/delta"
)

// about is what the helper has to be told of a bundle.
type about struct {
	Bases []delta.Base `json:"bases,omitempty"`
	// Rebuilt are the bytes of the layers that go as deltas.
	Rebuilt int64 `json:"rebuilt,omitempty"`
}

// planning is a bundle that is being made.
type planning struct {
	turn   chan struct{} // for one plan at a time, of all of this worker's
	chunks *chunk.Store
	offers []offer
	about  about
	// budget is how many more chunks may be held in memory.
	budget int
}

// planBudget bounds the chunks that are in memory for a plan, to some 40 MB with the places where they are.
const planBudget = 1 << 20

func (p *planning) plan(ctx context.Context, layers []bundle.Layer) (delta.Plan, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return delta.Plan{}, context.Cause(ctx)
	}
	total := int64(0)
	for _, l := range layers {
		total += l.Size
	}
	offers := slices.DeleteFunc(slices.Clone(p.offers), func(o offer) bool { return !delta.Worth(total, o.size) })
	if len(offers) == 0 {
		return delta.Plan{}, nil
	}
	p.budget = planBudget
	targets, err := p.targets(layers)
	if err != nil {
		return delta.Plan{}, err
	}
	known, err := p.known(offers)
	if err != nil {
		return delta.Plan{}, err
	}
	plan := delta.Choose(targets, known)
	p.about.Bases = plan.Bases
	for _, t := range targets {
		if _, ok := plan.Parts[t.Layer]; ok {
			p.about.Rebuilt += t.Size
		}
	}
	return plan, nil
}

// targets are the layers that are large enough for a delta.
func (p *planning) targets(layers []bundle.Layer) (targets []delta.Target, err error) {
	for _, l := range layers {
		if l.Size < chunk.Least {
			continue
		}
		t := delta.Target{Layer: l.Digest, Size: l.Size}
		if t.Index, err = p.index(l); err != nil {
			return nil, err
		}
		t.Index = p.afford(t.Index)
		targets = append(targets, t)
	}
	return targets, nil
}

// index is what a layer of the new image is made of; nil for one that is too large.
func (p *planning) index(l bundle.Layer) (index *chunk.Index, err error) {
	if index, err = p.chunks.Get(l.Digest); err == nil {
		return index, nil
	}
	err = l.Read(func(content io.Reader) error {
		index, err = chunk.Of(content, l.Size)
		return err
	})
	if errors.Is(err, chunk.ErrTooLarge) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return index, p.chunks.Put(l.Digest, index)
}

// known are the offers with what their layers are made of.
func (p *planning) known(offers []offer) ([]delta.Offer, error) {
	read := map[string]*chunk.Index{} // by layer: many images share one
	var known []delta.Offer
	for _, o := range offers {
		k := delta.Offer{Size: o.size, Layers: map[string]*chunk.Index{}}
		for _, layer := range slices.Sorted(maps.Keys(o.layers)) {
			index, ok := read[layer]
			if !ok && o.layers[layer] == inParts {
				var err error
				if index, err = p.chunks.Get(layer); err != nil {
					return nil, fmt.Errorf("read again what a layer is made of: %w", err)
				}
				index = p.afford(index)
				read[layer] = index
			}
			if index != nil || o.layers[layer] == wholeOnly {
				k.Layers[layer] = index
			}
		}
		known = append(known, k)
	}
	return known, nil
}

// afford lets an index go that is too large for the budget.
func (p *planning) afford(index *chunk.Index) *chunk.Index {
	if index == nil || len(index.Chunks) > p.budget {
		return nil
	}
	p.budget -= len(index.Chunks)
	return index
}
