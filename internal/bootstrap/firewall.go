package bootstrap

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
// all, at boot and whenever they are loaded again.
const firewallUnitText = `[Unit]
Description=The firewall of Longshore
DefaultDependencies=no
After=nftables.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ` + firewallRules + `
ExecReload=/usr/sbin/nft -f ` + firewallRules + `
ExecStop=/usr/sbin/nft delete table inet ` + firewallTable + `

[Install]
WantedBy=sysinit.target
`

func (firewall) Name() string { return "firewall" }

func (firewall) packages(context.Context, *Machine) ([]string, error) {
	return []string{"nftables"}, nil
}

// sshPorts are all ports on which somebody may log in, the one of this very connection among them.
const sshPorts = `
sshd=$(command -v sshd || echo /usr/sbin/sshd)
"$sshd" -T 2>/dev/null | sed -n 's/^port //p'
systemctl show --property=Listen --value ssh.socket 2>/dev/null | sed -n 's/^.*:\([0-9][0-9]*\) (Stream)$/\1/p'
echo "$1" | cut -d' ' -f4`

// sshPorts are the ports on which somebody may log in, sorted.
func (m *Machine) sshPorts(ctx context.Context) ([]int, error) {
	connection, err := m.connection(ctx)
	if err != nil {
		return nil, err
	}
	out, err := m.script(ctx, sshPorts, connection)
	if err != nil {
		return nil, err
	}
	var ports []int
	for _, text := range strings.Fields(out) {
		port, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("read the ports of SSH: %w", err)
		}
		ports = append(ports, port)
	}
	slices.Sort(ports)
	return slices.Compact(ports), nil
}

// outside are the network interfaces by which the machine reaches the world.
const outside = `{ ip -4 -o route show default; ip -6 -o route show default; } 2>/dev/null | sed -n 's/^.* dev \([^ ]*\).*$/\1/p' | sort -u`

// wanted is the text of the rules.
func (firewall) wanted(ctx context.Context, m *Machine) (string, error) {
	ports, err := m.sshPorts(ctx)
	if err != nil {
		return "", err
	}
	uplinks, err := m.script(ctx, outside)
	if err != nil {
		return "", err
	}
	return ruleset(append(ports, m.At.Edge.HTTPPort()), m.Settings.Firewall.Allow, strings.Fields(uplinks))
}

func (f firewall) Look(ctx context.Context, m *Machine) (State, error) {
	if skip := f.skip(m); skip != "" {
		return State{Skip: skip}, nil
	}
	const wanted = "in force, at boot as well"
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
	also, err := m.script(ctx, otherFirewalls)
	if err != nil {
		return State{}, err
	}
	if also != "" {
		return State{Is: wanted + "; " + also + " is active as well, so a port has to be open there too", OK: true}, nil
	}
	return State{Is: wanted, OK: true}, nil
}

// otherFirewalls names a firewall of the machine's own. Its rules are left alone, and ours come before them: what either
// drops is dropped.
const otherFirewalls = `
if command -v ufw >/dev/null && ufw status 2>/dev/null | grep -q '^Status: active'; then echo ufw; exit 0; fi
if systemctl is-active --quiet firewalld.service; then echo firewalld; fi`

// lookAtFirewall says what is wrong with the loaded rules; nothing where they are as they were loaded.
const lookAtFirewall = `
if ! command -v nft >/dev/null; then echo "nftables is not installed"; exit 0; fi
if [ ! -e "$1" ] || [ ! -e "$2" ] || [ ! -e "$3" ]; then echo "not set up"; exit 0; fi
nft -s list table inet ` + firewallTable + ` 2>/dev/null | cmp -s - "$2" || { echo "its rules are not loaded as they were"; exit 0; }
systemctl is-enabled --quiet "$4" || echo "not loaded at boot"`

// firewallPending are rules that nobody has confirmed.
const firewallPending = "/run/longshore-firewall.nft"

const (
	changeFirewall = `
nft list table inet ` + firewallTable + ` > before 2>/dev/null || : > before
nft -f ` + firewallPending

	undoFirewall = `
[ -e before ] || exit 0
nft delete table inet ` + firewallTable + ` 2>/dev/null
[ ! -s before ] || nft -f before
`
	// stayFirewall has confirmed rules stay: only now are they loaded at boot.
	stayFirewall = `
nft -s list table inet ` + firewallTable + ` > "$1.new"
mv -f "$1.new" "$1"
systemctl daemon-reload
systemctl enable --quiet "$2"
systemctl reload-or-restart "$2"`
)

func (f firewall) Settle(ctx context.Context, m *Machine) error {
	rules, err := f.wanted(ctx, m)
	if err != nil {
		return err
	}
	if err := m.write(ctx, firewallPending, rules, 0o600); err != nil {
		return err
	}
	if err := m.guarded(ctx, f.Name(), changeFirewall, undoFirewall); err != nil {
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
