package bootstrap

import "context"

// held keeps the engine out of unattended upgrades: they would restart it at a time that nobody has chosen.
type held struct{}

const (
	heldPath = "/etc/apt/apt.conf.d/53longshore-held"
	heldText = `Unattended-Upgrade::Package-Blacklist {
	"docker";
	"containerd";
	"runc";
};
`
)

func (held) Name() string { return "held-packages" }

func (held) Look(ctx context.Context, m *Machine) (State, error) {
	const wanted = "docker, containerd and runc are left out of unattended upgrades"
	text, there, err := m.read(ctx, heldPath)
	switch {
	case err != nil:
		return State{}, err
	case !there:
		return State{Is: "unattended upgrades take the engine as well", Wanted: wanted}, nil
	case text != heldText:
		return State{Is: heldPath + " was changed", Wanted: wanted}, nil
	}
	return State{Is: wanted, OK: true}, nil
}

func (held) Settle(ctx context.Context, m *Machine) error {
	return m.write(ctx, heldPath, heldText, 0o644)
}
