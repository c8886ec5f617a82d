package classic

import (
	"encoding/json"
	"fmt"
)

// Find is Image for one of which only the id is known. It answers the digests of the layers, too, base first.
func (s Store) Find(id string) (*Image, []string, error) {
	config, err := s.config(id)
	if err != nil {
		return nil, nil, err
	}
	var c struct {
		RootFS struct {
			Layers []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, nil, fmt.Errorf("%w: the configuration of %s: %w", errUnlike, id, err)
	}
	image, err := s.Image(id, c.RootFS.Layers)
	return image, c.RootFS.Layers, err
}
