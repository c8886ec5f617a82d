package bootstrap

import (
	"context"
	"strconv"
)

// swap is a swap file for a machine that has no swap, where one is asked for.
type swap struct{}

// swapPath is a name that nobody else uses: what is there is removed.
const swapPath = "/longshore.swap"

func (swap) Name() string { return "swap" }

func (swap) Look(ctx context.Context, m *Machine) (State, error) {
	if m.Settings.Swap == 0 {
		return State{Skip: "bootstrap.swap asks for none"}, nil
	}
	if contained, err := m.inContainer(ctx); err != nil || contained {
		return State{Skip: "a container has its host's memory"}, err
	}
	have, err := m.run(ctx, "swapon", "--show=NAME", "--noheadings")
	if err != nil {
		return State{}, err
	}
	if have == "" {
		return State{Is: "none", Wanted: strconv.FormatInt(m.Settings.Swap>>20, 10) + " MiB in " + swapPath}, nil
	}
	return State{Is: have, OK: true}, nil
}

// settleSwap makes the file anew: one that an interruption left may be too short.
const settleSwap = `
umask 077
swapoff -- "$1" 2>/dev/null || true
rm -f -- "$1"
trap 'rm -f -- "$1"' EXIT
fallocate -l "$2" -- "$1"
mkswap -- "$1" >/dev/null
swapon -- "$1"
trap - EXIT
grep -q "^$1 " /etc/fstab || printf '%s none swap sw 0 0\n' "$1" >> /etc/fstab`

func (swap) Settle(ctx context.Context, m *Machine) error {
	_, err := m.script(ctx, settleSwap, swapPath, strconv.FormatInt(m.Settings.Swap, 10))
	return err
}
