package store

import (
	"errors"
	"time"
)

// Journal is the record of who has seen values, on this machine: a file of one JSON object a line. What changes a secret is
// in the secret's own file. It may be used by any number of processes at once.
type Journal struct {
	Path string
}

// Reading says who has seen a value.
type Reading struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Why     string    `json:"why,omitempty"`
	Scope   string    `json:"scope"` // app.SecretScope.Of
	Name    string    `json:"name"`
	Version int       `json:"version"`
}

// Add writes a reading, before the value is shown.
func (j Journal) Add(r Reading) error { return errors.ErrUnsupported }

// Of are the readings of a secret, oldest first; none where there is no file. A line that is cut off is left out.
func (j Journal) Of(scope, name string) ([]Reading, error) { return nil, errors.ErrUnsupported }
