package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/image/bundle"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/delta"
)

// maxOffers bounds the images of a kind that are looked at for what they share with a missing layer.
const maxOffers = 4

// offer is an image on the host whose layers deltas may copy from.
type offer struct{ delta.Offer }

// key names all of an offer that decides what is made of it.
func (o offer) key() string {
	key := fmt.Sprint(o.Size)
	for _, layer := range slices.Sorted(maps.Keys(o.Layers)) {
		key += fmt.Sprint(" ", layer, " ", o.Layers[layer] != nil)
	}
	return "[" + key + "]"
}

// indexed tells whether an offer has more than whole layers.
func (o offer) indexed() bool {
	for _, index := range o.Layers {
		if index != nil {
			return true
		}
	}
	return false
}

// offers are the images on the host that the missing layers may have something in common with.
func (u upload) offers(ctx context.Context, known *hostChunks, held int) ([]offer, error) {
	missing := map[string]bool{}
	for _, layer := range u.image.Layers[held:] {
		missing[layer] = true
	}
	if len(missing) == 0 {
		return nil, nil
	}
	// What the host knows crosses the line. One image of which that is known has to do.
	var offers []offer
	enough := false
	for _, image := range u.relatives(missing) {
		o := offer{delta.Offer{Layers: map[string]*chunk.Index{}}}
		if u.engineDir == "" {
			o.Size = image.Size // the engine saves an image only as a whole
		}
		for _, layer := range image.Layers {
			if missing[layer] {
				o.Layers[layer] = nil
				continue
			}
			if slices.Contains(u.image.Layers, layer) {
				continue
			}
			index, err := u.index(ctx, known, layer, !enough)
			if err != nil {
				return nil, fmt.Errorf("look for what %s and the image of %s share: %w", u.in.Host.Name, u.in.Service, err)
			}
			if index == nil {
				continue
			}
			o.Layers[layer] = index
			if u.engineDir != "" {
				o.Size += index.Size
			}
		}
		if len(o.Layers) > 0 {
			offers = append(offers, o)
		}
		enough = enough || o.indexed()
	}
	return offers, nil
}

// index is what a layer is made of, as this worker knows it, or else the host; nil where neither does.
func (u upload) index(ctx context.Context, known *hostChunks, layer string, ask bool) (*chunk.Index, error) {
	index, err := u.chunks.Get(layer)
	if !errors.Is(err, fs.ErrNotExist) || !ask {
		return index, ignore(err, fs.ErrNotExist)
	}
	if index, err = known.fetch(ctx, layer); index == nil {
		return nil, err
	}
	return index, u.chunks.Put(layer, index)
}

// relatives are the host's images that come first into question: those that have a missing layer, only with others below
// it; then older ones of the same name, and others of ours.
func (u upload) relatives(missing map[string]bool) []app.Image {
	named := func(image app.Image) int {
		if slices.ContainsFunc(image.Tags, func(tag string) bool { return repository(tag) == repository(u.image.Ref) }) {
			return 1
		}
		return 0
	}
	var same, similar []app.Image
	for _, image := range u.held {
		_, ours := image.Labels[app.LabelSite]
		switch {
		case slices.ContainsFunc(image.Layers, func(layer string) bool { return missing[layer] }):
			same = append(same, image)
		case ours || named(image) > 0:
			similar = append(similar, image)
		}
	}
	for _, images := range [][]app.Image{same, similar} {
		slices.SortFunc(images, func(a, b app.Image) int {
			return cmp.Or(cmp.Compare(named(b), named(a)), cmp.Compare(newest(b), newest(a)), b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
		})
	}
	return slices.Concat(same[:min(len(same), maxOffers)], similar[:min(len(similar), maxOffers)])
}

// newest is the number of the newest release among an image's tags. An image may say that it is as old as its sources.
func newest(image app.Image) (number int) {
	for _, tag := range image.Tags {
		number = max(number, app.ReleaseNumber(tag[strings.LastIndexByte(tag, ':')+1:]))
	}
	return number
}

// repository is an image's name without its tag; empty where it has none.
func repository(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ""
	}
	return named.Name()
}

// forget drops what was believed of the offered layers.
func (u upload) forget(ctx context.Context, known *hostChunks, offers []offer) error {
	for _, o := range offers {
		for layer := range o.Layers {
			if err := errors.Join(u.chunks.Drop(layer), known.remove(ctx, chunk.Name(layer))); err != nil {
				return err
			}
		}
	}
	return nil
}

// cover are images that hold the bases together: few, and small ones.
func cover(bases []delta.Base, held []app.Image) (images []app.Image) {
	for _, base := range bases {
		has := func(image app.Image) bool { return slices.Contains(image.Layers, base.Layer) }
		if slices.ContainsFunc(images, has) {
			continue
		}
		var holding []app.Image
		for _, image := range held {
			if has(image) {
				holding = append(holding, image)
			}
		}
		if len(holding) > 0 {
			images = append(images, slices.MinFunc(holding, func(a, b app.Image) int {
				return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(a.ID, b.ID))
			}))
		}
	}
	return images
}

// about is what the helper has to be told of a bundle.
type about struct {
	Bases []delta.Base `json:"bases,omitempty"`
	// Rebuilt are the bytes of the layers that go as deltas.
	Rebuilt int64 `json:"rebuilt,omitempty"`
}

// planning is a bundle that is being made.
type planning struct {
	chunks *chunk.Store
	offers []offer
	about  about
}

func (p *planning) plan(layers []bundle.Layer) (delta.Plan, error) {
	var offers []delta.Offer
	total := int64(0)
	for _, l := range layers {
		total += l.Size
	}
	for _, o := range p.offers {
		if o.Worth(total) {
			offers = append(offers, o.Offer)
		}
	}
	if len(offers) == 0 {
		return delta.Plan{}, nil
	}
	var targets []delta.Target
	for _, l := range layers {
		if l.Size < chunk.Least {
			continue
		}
		index, err := p.index(l)
		if err != nil {
			return delta.Plan{}, err
		}
		targets = append(targets, delta.Target{Layer: l.Digest, Size: l.Size, Index: index})
	}
	plan := delta.Choose(targets, offers)
	p.about.Bases = plan.Bases
	for _, t := range targets {
		if _, ok := plan.Parts[t.Layer]; ok {
			p.about.Rebuilt += t.Size
		}
	}
	return plan, nil
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
