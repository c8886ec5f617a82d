package app

import "cmp"

// Transfer bounds how a site's images get to its hosts.
type Transfer struct {
	// MaxRate is what a worker sends to all hosts of the site together, in bytes a second; 0 means no limit.
	MaxRate int64 `json:"max_rate,omitempty"`
	// Parallel is how many hosts get images at once; 0 means DefaultParallel.
	Parallel int `json:"parallel,omitempty"`
}

// DefaultParallel is how many hosts get images at once where the site says nothing.
const DefaultParallel = 8

// HostsAtOnce is Parallel with its default.
func (t Transfer) HostsAtOnce() int { return cmp.Or(t.Parallel, DefaultParallel) }
