package bootstrap

import (
	"context"
	"fmt"
)

// stateFolder is Longshore's own folder, open to nobody but the login that deploys.
type stateFolder struct{}

func (stateFolder) Name() string { return "state" }

func (s stateFolder) owner(m *Machine) string {
	if m.Settings.User != "" {
		return m.Settings.User
	}
	return ""
}

func (s stateFolder) Look(ctx context.Context, m *Machine) (State, error) {
	folder := m.At.StateFolder()
	is, err := m.script(ctx, `stat -c '%U %a' -- "$1" 2>/dev/null || echo missing`, folder)
	if err != nil {
		return State{}, err
	}
	if is == "missing" {
		return State{Is: folder + " is missing", Wanted: "there, with mode 700"}, nil
	}
	var user, mode string
	if _, err := fmt.Sscan(is, &user, &mode); err != nil {
		return State{}, fmt.Errorf("read the mode of %s: %w", folder, err)
	}
	if owner := s.owner(m); owner != "" && owner != user {
		return State{Is: folder + " is " + user + "'s", Wanted: owner + "'s, with mode 700"}, nil
	}
	if mode != "700" {
		return State{Is: folder + " has mode " + mode, Wanted: "mode 700"}, nil
	}
	return State{Is: folder + " is " + user + "'s, mode 700", OK: true}, nil
}

func (s stateFolder) Settle(ctx context.Context, m *Machine) error {
	_, err := m.script(ctx, `mkdir -p -m 700 -- "$1"; chmod 700 -- "$1"; [ -z "$2" ] || chown -R -- "$2:$(id -gn -- "$2")" "$1"`,
		m.At.StateFolder(), s.owner(m))
	return err
}
