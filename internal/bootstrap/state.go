package bootstrap

import (
	"context"
)

// stateFolder is Longshore's own folder, root's and open to nobody else. One that a login has of its own, since it may not
// use sudo, stays that login's.
type stateFolder struct{}

func (stateFolder) Name() string { return "state" }

func (stateFolder) Look(ctx context.Context, m *Machine) (State, error) {
	folder := m.At.StateFolder()
	mode, err := m.script(ctx, `stat -c '%a' -- "$1" 2>/dev/null || echo missing`, folder)
	if err != nil {
		return State{}, err
	}
	switch mode {
	case "missing":
		return State{Is: folder + " is missing", Wanted: "there, with mode 700"}, nil
	case "700":
		return State{Is: folder + " has mode 700", OK: true}, nil
	}
	return State{Is: folder + " has mode " + mode, Wanted: "mode 700"}, nil
}

func (stateFolder) Settle(ctx context.Context, m *Machine) error {
	_, err := m.script(ctx, `mkdir -p -m 700 -- "$1"; chmod 700 -- "$1"`, m.At.StateFolder())
	return err
}
