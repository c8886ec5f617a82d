package bundle

import (
	"bytes"
	"encoding/json"

	"github.com/longshore-dev/longshore/internal/image/delta"
)

const (
	// basesLimit bounds the list of bases, in bytes.
	basesLimit = 64 << 10
	// baseLimit bounds the size of a base, in bytes.
	baseLimit = 1 << 48
)

// basesDocument is the list of the layers that deltas copy from.
func basesDocument(bases []delta.Base) (document, error) {
	text, err := json.Marshal(bases)
	return document{basesName, text}, err
}

// parseBases reads what basesDocument wrote.
func parseBases(data []byte) ([]delta.Base, error) {
	var bases []delta.Base
	if err := json.Unmarshal(data, &bases); err != nil {
		return nil, malformed("%s: %v", basesName, err)
	}
	seen := map[string]bool{}
	for _, b := range bases {
		if _, err := hexOf(b.Layer); err != nil {
			return nil, err
		}
		if b.Size <= 0 || b.Size > baseLimit || seen[b.Layer] {
			return nil, malformed("%s: a layer of %d bytes, or one that is there twice", basesName, b.Size)
		}
		seen[b.Layer] = true
	}
	want, err := basesDocument(bases)
	if err != nil {
		return nil, err
	}
	if len(bases) == 0 || !bytes.Equal(want.data, data) {
		return nil, malformed("%s is not what belongs there", basesName)
	}
	return bases, nil
}
