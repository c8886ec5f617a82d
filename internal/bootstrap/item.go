package bootstrap

import (
	"context"

	"github.com/longshore-dev/longshore/internal/app"
)

// Item is one thing that a host is to have. Items are probed, compared and changed one after the other, in the order of
// Items; each may rely on those before it. None keeps state of its own: whatever is asked twice answers twice.
type Item interface {
	// Name is what users call it, such as "docker" or "firewall".
	Name() string
	// Look says how the thing is, and changes nothing.
	Look(ctx context.Context, m *Machine) (State, error)
	// Settle brings it to what is wanted. It is idempotent, and may be interrupted anywhere: the next Look and Settle go on
	// from what is there.
	Settle(ctx context.Context, m *Machine) error
}

// Reverter is an item whose change can lock people out: what it found is kept on the host.
type Reverter interface {
	Item
	// Revert brings back what was there before the first Settle. Without a backup it changes nothing and says so.
	Revert(ctx context.Context, m *Machine) error
}

// State is how a thing is.
type State struct {
	// Is and Wanted say it in a few words, for a person.
	Is, Wanted string
	// OK says that nothing is to be done.
	OK bool
	// Skip says why the item is left alone; empty where it is not.
	Skip string
}

// Settings are what the items are made of.
type Settings struct {
	app.Bootstrap
	Host app.Host
}
