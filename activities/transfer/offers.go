package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/delta"
)

// maxOffers bounds the images of a kind that are looked at for what they share with a missing layer.
const maxOffers = 4

// offer is an image on the host whose layers deltas may copy from.
type offer struct {
	// size is what has to be read there to come by any of the layers, in bytes.
	size   int64
	layers map[string]use
}

// use is what a layer may be copied for.
type use int

const (
	inParts   use = iota // whatever it shares with another; its index is in the worker's store
	wholeOnly            // itself: it is missing
)

// key names all of an offer that decides what is made of it.
func (o offer) key() string {
	key := fmt.Sprint(o.size)
	for _, layer := range slices.Sorted(maps.Keys(o.layers)) {
		key += fmt.Sprint(" ", layer, " ", o.layers[layer])
	}
	return "[" + key + "]"
}

// indexed tells whether an offer has more than whole layers.
func (o offer) indexed() bool {
	return slices.Contains(slices.Collect(maps.Values(o.layers)), inParts)
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
	var offers []offer
	// What the host knows crosses the line. One image of the same name has to do.
	ask := true
	for _, image := range u.relatives(missing) {
		named := u.named(image) > 0
		o, err := u.offer(ctx, known, image, missing, ask && named)
		if err != nil {
			return nil, fmt.Errorf("look for what %s and the image of %s share: %w", u.in.Host.Name, u.in.Service, err)
		}
		if len(o.layers) > 0 {
			offers = append(offers, o)
		}
		if named && o.indexed() {
			ask = false
		}
	}
	return offers, nil
}

// offer is what an image on the host has that is of use.
func (u upload) offer(ctx context.Context, known *hostChunks, image app.Image, missing map[string]bool, ask bool) (offer, error) {
	o := offer{layers: map[string]use{}}
	if u.engineDir == "" {
		o.size = image.Size // the engine saves an image only as a whole
	}
	for _, layer := range image.Layers {
		if missing[layer] {
			o.layers[layer] = wholeOnly
			continue
		}
		if slices.Contains(u.image.Layers, layer) {
			continue
		}
		size, err := u.indexed(ctx, known, layer, ask)
		if err != nil {
			return o, err
		}
		if size == 0 {
			continue
		}
		o.layers[layer] = inParts
		if u.engineDir != "" {
			o.size += size
		}
	}
	return o, nil
}

// indexed sees to it that the worker has the index of a layer, from the host where it may be asked, and answers the
// layer's size; 0 where neither has one.
func (u upload) indexed(ctx context.Context, known *hostChunks, layer string, ask bool) (int64, error) {
	index, err := u.chunks.Get(layer)
	if err == nil {
		return index.Size, nil
	}
	if !errors.Is(err, fs.ErrNotExist) || !ask {
		return 0, ignore(err, fs.ErrNotExist)
	}
	if index, err = known.fetch(ctx, layer); index == nil {
		return 0, err
	}
	return index.Size, u.chunks.Put(layer, index)
}

// relatives are the host's images that come first into question: those that have a missing layer, only with others below
// it; then older ones of the same name, and others of ours.
func (u upload) relatives(missing map[string]bool) []app.Image {
	var same, similar []app.Image
	for _, image := range u.held {
		_, ours := image.Labels[app.LabelSite]
		switch {
		case slices.ContainsFunc(image.Layers, func(layer string) bool { return missing[layer] }):
			same = append(same, image)
		case ours || u.named(image) > 0:
			similar = append(similar, image)
		}
	}
	for _, images := range [][]app.Image{same, similar} {
		slices.SortFunc(images, func(a, b app.Image) int {
			return cmp.Or(cmp.Compare(u.named(b), u.named(a)), cmp.Compare(newest(b), newest(a)), b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
		})
	}
	return slices.Concat(same[:min(len(same), maxOffers)], similar[:min(len(similar), maxOffers)])
}

// named is 1 for an image that has the name of the new one, and 0 for another.
func (u upload) named(image app.Image) int {
	if slices.ContainsFunc(image.Tags, func(tag string) bool { return repository(tag) == repository(u.image.Ref) }) {
		return 1
	}
	return 0
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
		for layer := range o.layers {
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
