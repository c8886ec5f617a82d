package bootstrap

import (
	"context"
	"fmt"
	"strconv"

	"github.com/longshore-dev/longshore/internal/host"
)

// firewall is who may reach which port, those that Docker publishes among them.
type firewall struct{}

const (
	firewallRules = "/etc/longshore/firewall.nft"
	// firewallLoaded is how the kernel listed the rules when they were loaded: it writes them in words of its own.
	firewallLoaded = "/etc/longshore/firewall.loaded"
	firewallUnit   = "/etc/systemd/system/longshore-firewall.service"
	firewallName   = "longshore-firewall.service"
)

// firewallUnitText loads the rules before there is a network, and after the distribution's own, which begin by removing
// all.
const firewallUnitText = `[Unit]
Description=The firewall of Longshore
DefaultDependencies=no
After=nftables.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ` + firewallRules + `
ExecStop=/usr/sbin/nft delete table inet ` + firewallTable + `

[Install]
WantedBy=sysinit.target
`

func (firewall) Name() string { return "firewall" }

// sshPorts are all ports on which somebody may log in, the one of this very connection among them.
const sshPorts = `
sshd=$(command -v sshd || echo /usr/sbin/sshd)
"$sshd" -T 2>/dev/null | sed -n 's/^port //p'
echo "$1" | cut -d' ' -f4`

// wanted is the text of the rules.
func (firewall) wanted(ctx context.Context, m *Machine) (string, error) {
	connection, err := m.connection(ctx)
	if err != nil {
		return "", err
	}
	out, err := m.script(ctx, sshPorts, connection)
	if err != nil {
		return "", err
	}
	open := []int{m.At.Edge.HTTPPort()}
	for _, text := range fields(out) {
		port, err := strconv.Atoi(text)
		if err != nil {
			return "", fmt.Errorf("read the ports of SSH: %w", err)
		}
		open = append(open, port)
	}
	return ruleset(open, m.Settings.Firewall.Allow)
}

func (f firewall) Look(ctx context.Context, m *Machine) (State, error) {
	if skip := f.skip(m); skip != "" {
		return State{Skip: skip}, nil
	}
	const wanted = "in force, at boot as well"
	if s, err := m.packagesState(ctx, "nftables"); err != nil || !s.OK {
		return s, err
	}
	rules, err := f.wanted(ctx, m)
	if err != nil {
		return State{}, err
	}
	is, err := m.script(ctx, lookAtFirewall, firewallRules, firewallLoaded, firewallUnit, firewallName)
	if err != nil {
		return State{}, err
	}
	if is != "" {
		return State{Is: is, Wanted: wanted}, nil
	}
	written, _, err := m.read(ctx, firewallRules)
	if err != nil {
		return State{}, err
	}
	unit, _, err := m.read(ctx, firewallUnit)
	if err != nil {
		return State{}, err
	}
	if written != rules || unit != firewallUnitText {
		return State{Is: "other rules", Wanted: wanted}, nil
	}
	return State{Is: wanted, OK: true}, nil
}

// lookAtFirewall says what is wrong with the loaded rules; nothing where they are as they were loaded.
const lookAtFirewall = `
if [ ! -e "$1" ] || [ ! -e "$2" ] || [ ! -e "$3" ]; then echo "not set up"; exit 0; fi
nft -s list table inet ` + firewallTable + ` 2>/dev/null | cmp -s - "$2" || { echo "its rules are not loaded as they were"; exit 0; }
systemctl is-enabled --quiet "$4" || echo "not loaded at boot"`

// undoFirewall brings back the table that was there before.
const undoFirewall = `
nft delete table inet ` + firewallTable + ` 2>/dev/null || true
if [ -s /run/longshore-firewall.before ]; then nft -f /run/longshore-firewall.before; fi
`

const (
	keepFirewall = `nft list table inet ` + firewallTable + ` > /run/longshore-firewall.before 2>/dev/null || : > /run/longshore-firewall.before`
	loadFirewall = `nft -f -`
	// stayFirewall has confirmed rules stay: only now are they loaded at boot.
	stayFirewall = `
nft -s list table inet ` + firewallTable + ` > "$1.new"
mv -f "$1.new" "$1"
systemctl daemon-reload
systemctl enable --quiet "$2"`
)

func (f firewall) Settle(ctx context.Context, m *Machine) error {
	if err := m.install(ctx, "nftables"); err != nil {
		return err
	}
	rules, err := f.wanted(ctx, m)
	if err != nil {
		return err
	}
	if _, err := m.script(ctx, keepFirewall); err != nil {
		return err
	}
	err = m.guarded(ctx, f.Name(), undoFirewall, func(ctx context.Context) error {
		return m.scriptWith(ctx, loadFirewall, rules)
	})
	if err != nil {
		return err
	}
	if err := m.write(ctx, firewallRules, rules, 0o644); err != nil {
		return err
	}
	if err := m.write(ctx, firewallUnit, firewallUnitText, 0o644); err != nil {
		return err
	}
	_, err = m.script(ctx, stayFirewall, firewallLoaded, firewallName)
	return err
}

const revertFirewall = `
[ -e "$1" ] || nft list table inet ` + firewallTable + ` >/dev/null 2>&1 || exit 3
systemctl disable --quiet "$4" 2>/dev/null || true
nft delete table inet ` + firewallTable + ` 2>/dev/null || true
rm -f -- "$1" "$2" "$3"
systemctl daemon-reload`

// Revert takes our table away: all other rules of the machine were never touched.
func (firewall) Revert(ctx context.Context, m *Machine) error {
	_, err := m.script(ctx, revertFirewall, firewallRules, firewallLoaded, firewallUnit, firewallName)
	return nothingToRevert(err)
}

func (firewall) skip(m *Machine) string {
	switch {
	case m.Settings.Firewall.Off:
		return "firewall: off, the machine has one of its own"
	case m.At.Local():
		return skipLocal
	}
	return ""
}

// skipLocal is why the way to a machine is left alone where there is none.
const skipLocal = "it is this machine itself, which is not reached over SSH"

// connection is the host's SSH_CONNECTION of this login: client address and port, server address and port.
func (m *Machine) connection(ctx context.Context) (string, error) {
	out, err := m.host.Run(ctx, host.Command{Args: []string{"sh", "-c", `echo "${SSH_CONNECTION-}"`}})
	return string(out.Stdout), err
}
