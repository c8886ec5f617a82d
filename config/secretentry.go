package config

import (
	"github.com/longshore-dev/longshore/internal/app"
)

// secretEntry is what longshore.yml says of one secret.
type secretEntry struct {
	source app.SecretSource
	// rotation is nil where nothing is said of it.
	rotation *app.Rotation
}

// readSecrets reads where secrets are found and how they are rotated, by name.
func readSecrets(f *fields) map[string]secretEntry {
	out := map[string]secretEntry{}
	f.done()
	return out
}

// secretSources are where the secrets that longshore.yml names are found.
func (r *resolved) secretSources() map[string]app.SecretSource { return nil }

// rotations are how the secrets that longshore.yml names are rotated.
func (r *resolved) rotations() Rotations { return nil }
