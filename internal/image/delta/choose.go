package delta

import (
	"maps"
	"slices"

	"github.com/longshore-dev/longshore/internal/image/chunk"
)

// Target is a layer that the far side lacks.
type Target struct {
	Layer string
	Size  int64 // bytes
	// Index is nil where there is none: then only the layer itself serves as a base.
	Index *chunk.Index
}

// Offer is an image of the far side's, with layers that can be copied from.
type Offer struct {
	// Size is what has to be read there to come by any of the layers, in bytes.
	Size int64
	// Layers are its layers; those without an index (nil) serve only as a whole.
	Layers map[string]*chunk.Index
}

// Plan is which layers go as deltas.
type Plan struct {
	Bases []Base
	// Parts are those of the layers that go as deltas, by layer.
	Parts map[string][]Part
}

const (
	// maxOffers bounds the images that are read on the far side.
	maxOffers = 4
	// A layer goes as a delta if at least one of so many of its bytes is copied.
	layerShare = 8
	// An image is read if at least one of so many of its bytes need not be sent for it: to read that many takes an engine
	// about as long as a line of 100 Mbit/s takes for the one.
	imageShare = 16
	// leastGain is what an image has to save at least, in bytes.
	leastGain = 64 << 10
)

// Worth tells whether it pays to read size bytes on the far side for so many that need not be sent.
func Worth(gain, size int64) bool { return gain >= max(leastGain, size/imageShare) }

// Choose decides which layers to send as deltas, from which bases. The same arguments give the same plan.
func Choose(targets []Target, offers []Offer) Plan {
	plan := Plan{Parts: map[string][]Part{}}
	left := map[int]bool{}
	gains := make([][]int64, len(offers))
	for i, o := range offers {
		left[i] = true
		gains[i] = o.gains(targets)
	}
	for range maxOffers {
		best, most := -1, int64(0)
		for i, o := range offers {
			total := int64(0)
			for n, t := range targets {
				if _, done := plan.Parts[t.Layer]; !done {
					total += gains[i][n]
				}
			}
			if left[i] && total > most && Worth(total, o.Size) {
				best, most = i, total
			}
		}
		if best < 0 {
			break
		}
		left[best] = false
		plan.use(offers[best], targets, gains[best])
	}
	return plan
}

// gains are the bytes that each target needs not bring.
func (o Offer) gains(targets []Target) []int64 {
	names, bases := o.indexed()
	find := newFinder(bases)
	gains := make([]int64, len(targets))
	for n, t := range targets {
		if _, same := o.Layers[t.Layer]; same {
			gains[n] = t.Size
		} else if t.Index != nil && len(names) > 0 {
			if _, copied := find.find(t.Index); copied >= t.Size/layerShare {
				gains[n] = copied
			}
		}
	}
	return gains
}

// indexed are the layers that have an index, sorted.
func (o Offer) indexed() (names []string, bases []*chunk.Index) {
	for _, name := range slices.Sorted(maps.Keys(o.Layers)) {
		if index := o.Layers[name]; index != nil {
			names, bases = append(names, name), append(bases, index)
		}
	}
	return names, bases
}

// use makes deltas of the targets that an offer has a part of.
func (p *Plan) use(o Offer, targets []Target, gains []int64) {
	names, bases := o.indexed()
	find := newFinder(bases)
	for n, t := range targets {
		if _, done := p.Parts[t.Layer]; done || gains[n] == 0 {
			continue
		}
		if _, same := o.Layers[t.Layer]; same {
			p.Parts[t.Layer] = Whole(p.base(Base{t.Layer, t.Size}), t.Size)
			continue
		}
		parts, _ := find.find(t.Index)
		for i := range parts {
			if b := parts[i].Base; b != Literal {
				parts[i].Base = p.base(Base{names[b], bases[b].Size})
			}
		}
		p.Parts[t.Layer] = parts
	}
}

// base is the number of a base in the plan.
func (p *Plan) base(b Base) int32 {
	if i := slices.Index(p.Bases, b); i >= 0 {
		return int32(i)
	}
	p.Bases = append(p.Bases, b)
	return int32(len(p.Bases) - 1)
}
