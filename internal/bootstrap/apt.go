package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/longshore-dev/longshore/internal/host"
)

const missingPackages = `
for package in "$@"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
done`

// missing are those of the packages that are not installed, or not to the end.
func (m *Machine) missing(ctx context.Context, packages ...string) ([]string, error) {
	out, err := m.script(ctx, missingPackages, packages...)
	return strings.Fields(out), err
}

// installPackages runs in a unit of systemd, which a lost connection does not end: a package manager that is killed leaves
// packages half configured. Who comes while it runs waits for it, and then sees for himself what is still to be done.
// dpkg does not wait for another's lock, apt-get does.
const installPackages = `
unit=longshore-packages.service
while systemctl is-active --quiet $unit; do sleep 1; done
systemctl reset-failed $unit 2>/dev/null || true
if systemd-run --quiet --wait --collect --unit=$unit --setenv=LC_ALL=C --setenv=DEBIAN_FRONTEND=noninteractive \
	--property=StandardOutput=truncate:/run/longshore-packages.log --property=StandardError=truncate:/run/longshore-packages.log \
	--property=RuntimeMaxSec=1500 sh -c '
	try=1
	until dpkg --configure -a --force-confdef --force-confold; do
		[ $try -lt 120 ] || exit 1
		try=$((try + 1)); sleep 5
	done
	# Lists of the last hour will do, unless something of them is gone.
	fresh=$(find /var/lib/apt/lists -maxdepth 1 -name "*_Packages*" -mmin -60 2>/dev/null | head -n 1)
	options="-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
	try=1
	until { [ -n "$fresh" ] || apt-get $options update --error-on=any; } && apt-get $options install --yes --fix-broken --no-install-recommends "$@"; do
		[ $try -lt 3 ] || exit 1
		try=$((try + 1)); fresh=; sleep 3
	done' longshore "$@"
then exit 0; fi
tail -n 15 /run/longshore-packages.log >&2
exit 1`

// install installs packages, and mends what an interrupted installation has left. It waits for another package manager.
func (m *Machine) install(ctx context.Context, packages ...string) error {
	_, err := m.script(ctx, installPackages, packages...)
	var exit *host.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w to install %s: %s", ErrPackages, strings.Join(packages, ", "), strings.TrimSpace(exit.Stderr))
	}
	return err
}

// packagesState is a state of packages that have to be there.
func (m *Machine) packagesState(ctx context.Context, packages ...string) (State, error) {
	missing, err := m.missing(ctx, packages...)
	if err != nil || len(missing) == 0 {
		return State{OK: err == nil}, err
	}
	return State{Is: "not installed: " + strings.Join(missing, ", "), Wanted: "installed: " + strings.Join(packages, ", ")}, nil
}
