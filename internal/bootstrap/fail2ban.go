package bootstrap

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fail2ban bans addresses that try logins, and never one that Longshore comes from.
type fail2ban struct{}

// fail2banPath is read after jail.local, so that it wins.
const fail2banPath = "/etc/fail2ban/jail.d/longshore.local"

func (fail2ban) Name() string { return "fail2ban" }

func (fail2ban) packages(context.Context, *Machine) ([]string, error) {
	return []string{"fail2ban", "python3-systemd", "nftables"}, nil
}

func (fail2ban) skip(m *Machine) string {
	if m.At.Local() {
		return skipLocal
	}
	return ""
}

// fail2banText watches the journal: Debian's sshd writes no file any more. Nothing outside sshd's own jail is touched.
func fail2banText(ports []int, ignored []string) string {
	var list []string
	for _, port := range ports {
		list = append(list, strconv.Itoa(port))
	}
	return fmt.Sprintf(`[sshd]
enabled = true
backend = systemd
port = %s
banaction = nftables
ignoreip = %s
`, strings.Join(list, ","), strings.Join(ignored, " "))
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

// wanted is the file: who is ignored already, and the machine at the other end of this connection.
func (fail2ban) wanted(ctx context.Context, m *Machine, ignored []string) (text, client string, err error) {
	connection, err := m.connection(ctx)
	if err != nil {
		return "", "", err
	}
	ports, err := m.sshPorts(ctx)
	if err != nil {
		return "", "", err
	}
	always := []string{"127.0.0.1/8", "::1"}
	if words := strings.Fields(connection); len(words) > 0 {
		client = words[0]
		always = append(always, client)
	}
	var each []string
	for _, address := range append(slices.Clone(ignored), always...) {
		if !slices.Contains(each, address) {
			each = append(each, address)
		}
	}
	return fail2banText(ports, each), client, nil
}

func (f fail2ban) Look(ctx context.Context, m *Machine) (State, error) {
	if skip := f.skip(m); skip != "" {
		return State{Skip: skip}, nil
	}
	const wanted = "running, watching sshd, not banning this machine"
	have, _, err := m.read(ctx, fail2banPath)
	if err != nil {
		return State{}, err
	}
	want, client, err := f.wanted(ctx, m, ignoredAddresses(have))
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
	ignores, err := m.script(ctx, fail2banIgnores)
	switch {
	case err != nil:
		return State{}, err
	case ignores == "":
		return State{Is: "running, but not watching sshd", Wanted: wanted}, nil
	case client != "" && !slices.Contains(strings.Fields(ignores), client):
		return State{Is: "running, and may ban this machine", Wanted: wanted}, nil
	}
	return State{Is: wanted, OK: true}, nil
}

// fail2banIgnores are the addresses that the running jail ignores; nothing where there is no such jail.
const fail2banIgnores = `fail2ban-client get sshd ignoreip 2>/dev/null | sed -n 's/^[|` + "`" + `]- //p'`

// restartFail2ban waits for its server to answer, which takes it a moment.
const restartFail2ban = `
systemctl reset-failed fail2ban.service 2>/dev/null || true
systemctl enable --quiet fail2ban.service
systemctl restart fail2ban.service
try=1
until fail2ban-client status sshd >/dev/null 2>&1; do
	[ $try -lt 60 ] || exit 1
	try=$((try + 1)); sleep 0.5
done`

func (f fail2ban) Settle(ctx context.Context, m *Machine) error {
	have, _, err := m.read(ctx, fail2banPath)
	if err != nil {
		return err
	}
	// Whom the machine's own settings ignore stays ignored.
	ignores, err := m.script(ctx, fail2banIgnores)
	if err != nil {
		return err
	}
	want, _, err := f.wanted(ctx, m, append(ignoredAddresses(have), strings.Fields(ignores)...))
	if err != nil {
		return err
	}
	if err := m.write(ctx, fail2banPath, want, 0o644); err != nil {
		return err
	}
	_, err = m.script(ctx, restartFail2ban)
	return err
}
