package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// Item is one thing that a host is to have. Items keep no state of their own: everything is asked of the machine.
type Item interface {
	// Name is what users call it, such as "docker" or "firewall".
	Name() string
	// Look says how the thing is, and changes nothing.
	Look(ctx context.Context, m *Machine) (State, error)
	// Settle brings it to what is wanted. It is idempotent, and may be interrupted anywhere: the next one goes on from what
	// it finds.
	Settle(ctx context.Context, m *Machine) error
}

// Reverter is an item whose change can lock people out. What it found before its first change is kept on the host.
type Reverter interface {
	Item
	// Revert brings that back. Where there is nothing to bring back it fails with ErrNothingToRevert.
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

// Errors that callers tell apart.
var (
	// ErrNothingToRevert is a revert of what was never changed.
	ErrNothingToRevert = errors.New("nothing was changed, so there is nothing to revert")
	// ErrStillDiffers is an item that is other than wanted after all.
	ErrStillDiffers = errors.New("it is still not as wanted")
	// ErrLockedOut is a change that cut the way to the host and was undone.
	ErrLockedOut = errors.New("a second login did not come through, so the change was undone")
	// ErrUnproven is a login that deploys, and that no key of this machine opens.
	ErrUnproven = errors.New("no key of this machine opens the login that deploys, so logins by password stay")
	// ErrPackages is a package manager that failed for good.
	ErrPackages = errors.New("the package manager failed")
)

// items are all items in their order: each may rely on those before it.
func items() []Item {
	return []Item{
		packages{}, docker{}, daemon{}, deployUser{}, stateFolder{}, sysctls{}, clock{}, swap{}, updates{}, held{}, firewall{}, sshd{}, fail2ban{},
	}
}

// Names are all items' names, in the order in which they are settled.
func Names() []string {
	var out []string
	for _, i := range items() {
		out = append(out, i.Name())
	}
	return out
}

// RevertNames are the items that can be reverted.
func RevertNames() []string {
	var out []string
	for _, i := range items() {
		if _, ok := i.(Reverter); ok {
			out = append(out, i.Name())
		}
	}
	return out
}

func named(name string) (Item, error) {
	for _, i := range items() {
		if i.Name() == name {
			return i, nil
		}
	}
	return nil, fmt.Errorf("there is no item %q", name)
}

// Settle looks at an item, changes it where it is other than wanted, and looks again. With check it only looks.
func Settle(ctx context.Context, m *Machine, name string, check bool) (app.Item, error) {
	began := time.Now()
	item, err := named(name)
	if err != nil {
		return app.Item{}, err
	}
	out := app.Item{Name: name}
	if slices.Contains(m.Settings.Skip, name) {
		out.Skipped = "bootstrap.skip names it"
		return out, nil
	}
	before, err := item.Look(ctx, m)
	if err != nil {
		return out, err
	}
	out.Before, out.Skipped = before.Is, before.Skip
	switch {
	case before.OK || before.Skip != "":
	case check:
		out.Differs, out.Wanted = true, before.Wanted
	default:
		if err := item.Settle(ctx, m); err != nil {
			return out, err
		}
		after, err := item.Look(ctx, m)
		if err != nil {
			return out, err
		}
		if !after.OK {
			return out, fmt.Errorf("%w: %s, and should be: %s", ErrStillDiffers, after.Is, after.Wanted)
		}
		out.Changed, out.After = true, after.Is
	}
	out.TookMS = time.Since(began).Milliseconds()
	return out, nil
}

// Revert brings an item that can lock people out back to what it was before its first change.
func Revert(ctx context.Context, m *Machine, name string) (app.Item, error) {
	item, err := named(name)
	if err != nil {
		return app.Item{}, err
	}
	reverter, ok := item.(Reverter)
	if !ok {
		return app.Item{}, fmt.Errorf("%s cannot be reverted; %v can", name, RevertNames())
	}
	before, err := item.Look(ctx, m)
	if err != nil {
		return app.Item{}, err
	}
	if err := reverter.Revert(ctx, m); err != nil {
		return app.Item{}, err
	}
	after, err := item.Look(ctx, m)
	return app.Item{Name: name, Before: before.Is, After: after.Is, Changed: true}, err
}
