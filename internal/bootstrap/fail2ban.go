package bootstrap

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// fail2ban bans addresses that try logins, and never one that Longshore comes from.
type fail2ban struct{}

const fail2banPath = "/etc/fail2ban/jail.d/longshore.conf"

func (fail2ban) Name() string { return "fail2ban" }

// fail2banText watches the journal: Debian's sshd writes no file any more.
func fail2banText(ignored []string) string {
	return fmt.Sprintf(`[DEFAULT]
banaction = nftables
ignoreip = %s

[sshd]
enabled = true
backend = systemd
`, strings.Join(ignored, " "))
}

// ignoredAddresses are those that a file of ours names.
func ignoredAddresses(text string) []string {
	for line := range strings.Lines(text) {
		if list, ok := strings.CutPrefix(line, "ignoreip = "); ok {
			return strings.Fields(list)
		}
	}
	return nil
}

// wanted is the file with the address of this machine in it, beside those that were there before.
func (fail2ban) wanted(ctx context.Context, m *Machine, have string) (string, error) {
	connection, err := m.connection(ctx)
	if err != nil {
		return "", err
	}
	ignored := ignoredAddresses(have)
	for _, address := range append([]string{"127.0.0.1/8", "::1"}, strings.Fields(connection)[:min(1, len(strings.Fields(connection)))]...) {
		if !slices.Contains(ignored, address) {
			ignored = append(ignored, address)
		}
	}
	return fail2banText(ignored), nil
}

func (f fail2ban) Look(ctx context.Context, m *Machine) (State, error) {
	if m.At.Local() {
		return State{Skip: skipLocal}, nil
	}
	const wanted = "running, watching sshd, not banning this machine"
	if s, err := m.packagesState(ctx, "fail2ban", "python3-systemd", "nftables"); err != nil || !s.OK {
		return s, err
	}
	have, _, err := m.read(ctx, fail2banPath)
	if err != nil {
		return State{}, err
	}
	want, err := f.wanted(ctx, m, have)
	if err != nil {
		return State{}, err
	}
	if have != want {
		return State{Is: "set otherwise", Wanted: wanted}, nil
	}
	active, enabled, err := m.unitRuns(ctx, "fail2ban.service")
	if err != nil {
		return State{}, err
	}
	if !active || !enabled {
		return State{Is: "not running", Wanted: wanted}, nil
	}
	watching, err := m.holds(ctx, "fail2ban-client", "status", "sshd")
	if err != nil {
		return State{}, err
	}
	if !watching {
		return State{Is: "running, but not watching sshd", Wanted: wanted}, nil
	}
	return State{Is: wanted, OK: true}, nil
}

// restartFail2ban waits for its server to answer, which takes it a moment.
const restartFail2ban = `
systemctl enable --quiet fail2ban.service
systemctl restart fail2ban.service
try=1
until fail2ban-client status sshd >/dev/null 2>&1; do
	[ $try -lt 60 ] || exit 1
	try=$((try + 1)); sleep 0.5
done`

func (f fail2ban) Settle(ctx context.Context, m *Machine) error {
	// The file first: Debian's package starts the server, which fails without a log file to watch.
	have, _, err := m.read(ctx, fail2banPath)
	if err != nil {
		return err
	}
	want, err := f.wanted(ctx, m, have)
	if err != nil {
		return err
	}
	if err := m.write(ctx, fail2banPath, want, 0o644); err != nil {
		return err
	}
	if err := m.install(ctx, "fail2ban", "python3-systemd", "nftables"); err != nil {
		return err
	}
	_, err = m.script(ctx, restartFail2ban)
	return err
}
