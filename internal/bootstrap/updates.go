package bootstrap

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
)

// updates are security updates that install themselves.
type updates struct{}

const updatesPath = "/etc/apt/apt.conf.d/52longshore-updates"

func (updates) Name() string { return "updates" }

func (updates) packages(context.Context, *Machine) ([]string, error) {
	return []string{"unattended-upgrades"}, nil
}

// updatesText is read after the distribution's own files, so that it wins.
func updatesText(rebootAt string) string {
	return fmt.Sprintf(`APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "%s";
Unattended-Upgrade::Automatic-Reboot-Time "%s";
`, strconv.FormatBool(rebootAt != ""), cmp.Or(rebootAt, "04:00"))
}

func (updates) Look(ctx context.Context, m *Machine) (State, error) {
	wanted := "every day, without a reboot"
	if m.Settings.RebootAt != "" {
		wanted = "every day, with a reboot at " + m.Settings.RebootAt + " where needed"
	}
	if there, err := m.holds(ctx, "sh", "-c", "command -v unattended-upgrade"); err != nil || !there {
		return State{Is: "not installed", Wanted: wanted}, err
	}
	effective, err := m.run(ctx, "apt-config", "dump", "--format", "%f %v%n",
		"APT::Periodic::Update-Package-Lists", "APT::Periodic::Unattended-Upgrade", "Unattended-Upgrade::Automatic-Reboot", "Unattended-Upgrade::Automatic-Reboot-Time")
	if err != nil {
		return State{}, err
	}
	if lines(effective) != lines(aptValues(updatesText(m.Settings.RebootAt))) {
		return State{Is: "installed, set otherwise", Wanted: wanted}, nil
	}
	active, enabled, err := m.unitRuns(ctx, "apt-daily-upgrade.timer")
	if err != nil {
		return State{}, err
	}
	if !active || !enabled {
		return State{Is: "set, but its timer is off", Wanted: wanted}, nil
	}
	return State{Is: wanted, OK: true}, nil
}

// aptValues are an apt configuration's values as `apt-config dump --format "%f %v%n"` prints them.
func aptValues(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), ";"), " ")
		out = append(out, key+" "+strings.Trim(value, `"`))
	}
	return strings.Join(out, "\n")
}

func (updates) Settle(ctx context.Context, m *Machine) error {
	if err := m.write(ctx, updatesPath, updatesText(m.Settings.RebootAt), 0o644); err != nil {
		return err
	}
	_, err := m.run(ctx, "systemctl", "enable", "--now", "apt-daily.timer", "apt-daily-upgrade.timer")
	return err
}
