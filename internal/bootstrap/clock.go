package bootstrap

import "context"

// clock is the synchronization of time, by whatever the machine has for it, and timesyncd where it has nothing.
type clock struct{}

func (clock) Name() string { return "time" }

const lookAtClock = `for unit in systemd-timesyncd chrony chronyd ntpsec ntp openntpd; do
	if systemctl is-active --quiet $unit.service; then echo $unit; exit 0; fi
done`

func (clock) Look(ctx context.Context, m *Machine) (State, error) {
	if contained, err := m.inContainer(ctx); err != nil || contained {
		return State{Skip: "a container has its host's clock"}, err
	}
	by, err := m.script(ctx, lookAtClock)
	if err != nil {
		return State{}, err
	}
	if by == "" {
		return State{Is: "nothing synchronizes the clock", Wanted: "synchronized by systemd-timesyncd"}, nil
	}
	return State{Is: "synchronized by " + by, OK: true}, nil
}

func (clock) Settle(ctx context.Context, m *Machine) error {
	if err := m.install(ctx, "systemd-timesyncd"); err != nil {
		return err
	}
	_, err := m.run(ctx, "systemctl", "enable", "--now", "systemd-timesyncd.service")
	return err
}
