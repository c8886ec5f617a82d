package transfer

import (
	"bytes"
	"testing"

	"github.com/longshore-dev/longshore/internal/image/chunk"
)

// Indexes that are too large together are done without, not held in memory.
func TestAPlanStaysInItsBudget(t *testing.T) {
	index, err := chunk.Of(bytes.NewReader(make([]byte, 1<<20)), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	chunks := chunk.NewStore(t.TempDir())
	p := planning{chunks: chunks, budget: 2*len(index.Chunks) + 1}
	o := offer{layers: map[string]use{}}
	for _, digit := range "abc" {
		layer := "sha256:" + string(bytes.Repeat([]byte{byte(digit)}, 64))
		if err := chunks.Put(layer, index); err != nil {
			t.Fatal(err)
		}
		o.layers[layer] = inParts
	}
	known, err := p.known([]offer{o, o})
	if err != nil || len(known) != 2 || len(known[0].Layers) != 2 || len(known[1].Layers) != 2 || p.budget != 1 {
		t.Errorf("%d layers of 3 are known, and %d chunks are left: %v", len(known[0].Layers), p.budget, err)
	}
	for layer, of := range known[0].Layers {
		if known[1].Layers[layer] != of {
			t.Error("a layer of two images is in memory twice")
		}
	}
}
