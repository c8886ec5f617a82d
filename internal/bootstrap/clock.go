package bootstrap

import (
	"cmp"
	"context"
)

// clock is the synchronization of time, by whatever the machine has for it, and timesyncd where it has nothing.
type clock struct{}

func (clock) Name() string { return "time" }

const lookAtClock = `for unit in systemd-timesyncd chrony chronyd ntpsec ntp openntpd; do
	if systemctl is-active --quiet $unit.service; then echo $unit; exit 0; fi
done`

// sleepingClock names a service for it that is installed and does not run. Two of them would exclude each other.
const sleepingClock = `for unit in chrony ntpsec ntp openntpd systemd-timesyncd; do
	if systemctl cat $unit.service >/dev/null 2>&1; then echo $unit; exit 0; fi
done`

func (clock) packages(ctx context.Context, m *Machine) ([]string, error) {
	if contained, err := m.inContainer(ctx); err != nil || contained {
		return nil, err
	}
	by, err := m.script(ctx, sleepingClock)
	if err != nil || by != "" {
		return nil, err
	}
	return []string{"systemd-timesyncd"}, nil
}

func (clock) Look(ctx context.Context, m *Machine) (State, error) {
	if contained, err := m.inContainer(ctx); err != nil || contained {
		return State{Skip: "a container has its host's clock"}, err
	}
	by, err := m.script(ctx, lookAtClock)
	if err != nil {
		return State{}, err
	}
	if by == "" {
		return State{Is: "nothing synchronizes the clock", Wanted: "synchronized"}, nil
	}
	return State{Is: "synchronized by " + by, OK: true}, nil
}

func (clock) Settle(ctx context.Context, m *Machine) error {
	by, err := m.script(ctx, sleepingClock)
	if err != nil {
		return err
	}
	_, err = m.run(ctx, "systemctl", "enable", "--now", cmp.Or(by, "systemd-timesyncd")+".service")
	return err
}
