package delta

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/image/chunk"
)

func TestChoose(t *testing.T) {
	old := noise(10, 1<<20)
	changed := slices.Concat(old[:500_000], []byte("new"), old[500_003:])
	half := slices.Concat(old[:len(old)/2], noise(11, len(old)/2))
	target := func(name string, data []byte) Target {
		return Target{Layer: name, Size: int64(len(data)), Index: of(t, data)}
	}
	offer := func(size int64, layers ...any) Offer {
		o := Offer{Size: size, Layers: map[string]*chunk.Index{}}
		for i := 0; i < len(layers); i += 2 {
			o.Layers[layers[i].(string)] = nil
			if data, ok := layers[i+1].([]byte); ok {
				o.Layers[layers[i].(string)] = of(t, data)
			}
		}
		return o
	}
	size := int64(len(old))
	for name, c := range map[string]struct {
		targets []Target
		offers  []Offer
		bases   []Base
		deltas  int
	}{
		"nothing":                {},
		"no offer":               {targets: []Target{target("new", changed)}},
		"an older one":           {[]Target{target("new", changed)}, []Offer{offer(size, "old", old)}, []Base{{"old", size}}, 1},
		"nothing in common":      {[]Target{target("new", noise(12, 1<<20))}, []Offer{offer(size, "old", old)}, nil, 0},
		"too little in common":   {[]Target{target("new", slices.Concat(old[:100_000], noise(12, 1<<20)))}, []Offer{offer(size, "old", old)}, nil, 0},
		"the nearest":            {[]Target{target("new", changed)}, []Offer{offer(size, "far", half), offer(size, "near", old)}, []Base{{"near", size}}, 1},
		"too much to read":       {[]Target{target("new", changed)}, []Offer{offer(imageShare*size, "old", old)}, nil, 0},
		"the layer itself":       {[]Target{{Layer: "same", Size: size}}, []Offer{offer(size, "same", nil)}, []Base{{"same", size}}, 1},
		"without an index":       {[]Target{{Layer: "new", Size: size}}, []Offer{offer(size, "old", old)}, nil, 0},
		"each from its own":      {[]Target{target("a", changed), {Layer: "b", Size: size}}, []Offer{offer(size, "old", old), offer(size, "b", nil)}, []Base{{"b", size}, {"old", size}}, 2},
		"all from one":           {[]Target{target("a", changed), {Layer: "b", Size: size}}, []Offer{offer(size, "old", old), offer(size, "b", nil, "old", old)}, []Base{{"old", size}, {"b", size}}, 2},
		"only what is used":      {[]Target{target("new", changed)}, []Offer{offer(size, "a", noise(13, 1<<20), "old", old, "z", noise(14, 1<<20))}, []Base{{"old", size}}, 1},
		"one of many layers":     {[]Target{target("new", changed), target("else", noise(15, 1<<20))}, []Offer{offer(size, "old", old)}, []Base{{"old", size}}, 1},
		"too small to be worth":  {[]Target{target("new", old[:leastGain-1])}, []Offer{offer(0, "old", old)}, nil, 0},
		"more images than a few": {sameTargets(6), sameOffers(6), sameBases(maxOffers), maxOffers},
	} {
		plan := Choose(c.targets, c.offers)
		if !reflect.DeepEqual(plan.Bases, c.bases) || len(plan.Parts) != c.deltas {
			t.Errorf("%s: %d deltas of %v", name, len(plan.Parts), plan.Bases)
		}
		if again := Choose(c.targets, c.offers); !reflect.DeepEqual(again, plan) {
			t.Errorf("%s: another plan the second time", name)
		}
	}
	plan := Choose([]Target{target("new", changed)}, []Offer{offer(size, "a", noise(13, 1<<20), "old", old)})
	var delta bytes.Buffer
	if err := Write(&delta, plan.Parts["new"], bytes.NewReader(changed)); err != nil {
		t.Fatal(err)
	}
	if got, err := apply(delta.Bytes(), len(changed), old); err != nil || !bytes.Equal(got, changed) {
		t.Errorf("a plan gives %d bytes, %v", len(got), err)
	}
}

func sameTargets(n int) (all []Target) {
	for i := range n {
		all = append(all, Target{Layer: fmt.Sprint(i), Size: 1 << 20})
	}
	return all
}

func sameOffers(n int) (all []Offer) {
	for i := range n {
		all = append(all, Offer{Size: 1 << 20, Layers: map[string]*chunk.Index{fmt.Sprint(i): nil}})
	}
	return all
}

func sameBases(n int) (all []Base) {
	for i := range n {
		all = append(all, Base{fmt.Sprint(i), 1 << 20})
	}
	return all
}
