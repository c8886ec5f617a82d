package bootstrap

import (
	"context"
	"strings"
)

// sysctls are the kernel's settings that the edge needs. Connections that wait to be accepted go over to a new edge only
// with tcp_migrate_req (kernel 5.14); somaxconn bounds how many may wait.
type sysctls struct{}

const sysctlPath = "/etc/sysctl.d/60-longshore.conf"

// sysctlText keeps a bound on connections that is higher than ours as whoever set it has it.
func sysctlText(higher bool) string {
	if higher {
		return "net.ipv4.tcp_migrate_req = 1\n"
	}
	return "net.ipv4.tcp_migrate_req = 1\nnet.core.somaxconn = 4096\n"
}

// higher says whether the machine lets more connections wait than is asked for.
func (sysctls) higher(ctx context.Context, m *Machine) (bool, error) {
	return m.holds(ctx, "sh", "-c", `[ "$(sysctl -n net.core.somaxconn)" -gt 4096 ]`)
}

func (sysctls) Name() string { return "sysctl" }

const lookAtSysctls = `
[ ! -e /proc/sys/net/ipv4/tcp_migrate_req ] || [ "$(sysctl -n net.ipv4.tcp_migrate_req)" = 1 ] || echo "net.ipv4.tcp_migrate_req is 0"
[ "$(sysctl -n net.core.somaxconn)" -ge 4096 ] || echo "net.core.somaxconn is $(sysctl -n net.core.somaxconn)"`

func (s sysctls) Look(ctx context.Context, m *Machine) (State, error) {
	out, err := m.script(ctx, lookAtSysctls)
	if err != nil {
		return State{}, err
	}
	if out != "" {
		return State{Is: strings.ReplaceAll(out, "\n", ", "), Wanted: "net.ipv4.tcp_migrate_req 1, net.core.somaxconn at least 4096"}, nil
	}
	higher, err := s.higher(ctx, m)
	if err != nil {
		return State{}, err
	}
	text, _, err := m.read(ctx, sysctlPath)
	if err != nil {
		return State{}, err
	}
	if text != sysctlText(higher) {
		return State{Is: "set, but not at boot", Wanted: "set in " + sysctlPath}, nil
	}
	return State{Is: "set, at boot as well", OK: true}, nil
}

// settleSysctls leaves a higher somaxconn as it is, and sets nothing that the kernel does not have.
const settleSysctls = `
[ ! -e /proc/sys/net/ipv4/tcp_migrate_req ] || sysctl -q -w net.ipv4.tcp_migrate_req=1
[ "$(sysctl -n net.core.somaxconn)" -ge 4096 ] || sysctl -q -w net.core.somaxconn=4096`

func (s sysctls) Settle(ctx context.Context, m *Machine) error {
	higher, err := s.higher(ctx, m)
	if err != nil {
		return err
	}
	if err := m.write(ctx, sysctlPath, sysctlText(higher), 0o644); err != nil {
		return err
	}
	_, err = m.script(ctx, settleSysctls)
	return err
}
