package bundle

import (
	"crypto/sha256"
	"encoding/hex"
)

// Chains are the chain ids of an image's layers, given by their digests ("sha256:…"), base first: a chain id names a
// layer with all below it, and is what the classic image store finds a layer by.
func Chains(layers []string) []string {
	chains := make([]string, len(layers))
	for i, layer := range layers {
		if i == 0 {
			chains[i] = layer
			continue
		}
		sum := sha256.Sum256([]byte(chains[i-1] + " " + layer))
		chains[i] = "sha256:" + hex.EncodeToString(sum[:])
	}
	return chains
}

// Held is how many of an image's layers, from the base on, are among the chains that an engine holds.
func Held(layers []string, chains map[string]bool) int {
	for i, chain := range Chains(layers) {
		if !chains[chain] {
			return i
		}
	}
	return len(layers)
}
