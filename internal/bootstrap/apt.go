package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/longshore-dev/longshore/internal/host"
)

const (
	packagesUnit = "longshore-packages.service"
	packagesLog  = "/run/longshore-packages.log"
)

// runPackages runs the second script in a unit of systemd, which a lost connection does not end: a package manager that is
// killed leaves packages half configured. Who comes while it runs waits for it, and then sees for himself what is still to
// be done.
const runPackages = `
while systemctl is-active --quiet ` + packagesUnit + `; do sleep 0.5; done
systemctl reset-failed ` + packagesUnit + ` 2>/dev/null || true
script=$1; shift
if systemd-run --quiet --wait --collect --unit=` + packagesUnit + ` --setenv=LC_ALL=C --setenv=DEBIAN_FRONTEND=noninteractive \
	--setenv=NEEDRESTART_SUSPEND=1 --property=StandardOutput=truncate:` + packagesLog + ` --property=StandardError=append:` + packagesLog + ` \
	--property=RuntimeMaxSec=2000 sh -c "$script" longshore "$@"
then exit 0; fi
{ grep -E '^(E|W|Err|dpkg|Errors)[: ]' ` + packagesLog + ` || tail -n 15 ` + packagesLog + `; } | tail -n 15 >&2
exit 1`

// installPackages mends what an interrupted installation has left, and installs. A lock that another package manager
// holds, such as the daily update, is waited for, fifteen minutes at each of the three steps; whatever else fails is tried
// three times. A list that cannot be had stops nothing that can be installed without it.
const installPackages = `
patient() {
	tries=450
	until "$@" > /run/longshore-packages.step 2>&1; do
		tries=$((tries - 1))
		if [ $tries -gt 0 ] && grep -qE 'lock .*(locked|held) by|Could not get lock|Unable to (acquire|lock)' /run/longshore-packages.step; then sleep 2; continue; fi
		cat /run/longshore-packages.step
		return 1
	done
	cat /run/longshore-packages.step
}
patient dpkg --configure -a --force-confdef --force-confold || true
options="-o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
# Lists of the last hour will do, unless something of them is gone.
fresh=$(find /var/lib/apt/lists -maxdepth 1 -name "*_Packages*" -mmin -60 2>/dev/null | head -n 1)
for try in 1 2 3; do
	[ -n "$fresh" ] || patient apt-get $options update --error-on=any || true
	names=
	for name in "$@"; do
		case $name in
		*\?) ! apt-cache show "${name%\?}" >/dev/null 2>&1 || names="$names ${name%\?}" ;;
		*) names="$names $name" ;;
		esac
	done
	if patient apt-get $options install --yes --fix-broken --no-install-recommends $names; then exit 0; fi
	fresh=
	[ $try = 3 ] || sleep 3
done
exit 1`

// install installs packages. It fails with ErrPackages, and what the package manager said, where that is of no avail.
func (m *Machine) install(ctx context.Context, packages ...string) error {
	_, err := m.script(ctx, runPackages, append([]string{installPackages}, packages...)...)
	var exit *host.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w to install %s: %s", ErrPackages, strings.Join(packages, ", "), strings.TrimSpace(exit.Stderr))
	}
	return err
}
