package bootstrap

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Machine is a host as items see it: commands as root, and files anywhere on it. It is safe for concurrent use.
type Machine struct {
	host  host.Host
	fresh func(context.Context, app.Host) (host.Host, error)
	// Settings are what the host is to become, and At is how it is reached.
	Settings app.Bootstrap
	At       app.Host
}

// New makes a machine. fresh opens a host over a connection that shares nothing with any other, which is how a change is
// proven not to lock anybody out.
func New(h host.Host, at app.Host, settings app.Bootstrap, fresh func(context.Context, app.Host) (host.Host, error)) *Machine {
	return &Machine{host: h, fresh: fresh, Settings: settings, At: at}
}

// run runs a program as root and answers what it printed, without the space around it.
func (m *Machine) run(ctx context.Context, args ...string) (string, error) {
	out, err := m.host.Run(ctx, host.Command{Args: args, Root: true})
	return strings.TrimSpace(string(out.Stdout)), err
}

// script runs a constant shell script as root, with arguments as $1 and on, and messages in English.
func (m *Machine) script(ctx context.Context, text string, args ...string) (string, error) {
	return m.run(ctx, append([]string{"env", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "sh", "-euc", text, "longshore"}, args...)...)
}

// scriptWith is script with a standard input.
func (m *Machine) scriptWith(ctx context.Context, text, input string, args ...string) error {
	_, err := m.host.Run(ctx, host.Command{
		Args:  append([]string{"env", "LC_ALL=C", "sh", "-euc", text, "longshore"}, args...),
		Stdin: strings.NewReader(input), Root: true,
	})
	return err
}

// holds says whether a program ends with 0. A program that cannot be run at all holds not.
func (m *Machine) holds(ctx context.Context, args ...string) (bool, error) {
	_, err := m.run(ctx, args...)
	var exit *host.ExitError
	if errors.As(err, &exit) {
		return false, nil
	}
	return err == nil, err
}

const readFile = `[ -e "$1" ] || exit 3; cat -- "$1"`

// read answers a file's content, and whether it is there.
func (m *Machine) read(ctx context.Context, path string) (string, bool, error) {
	out, err := m.host.Run(ctx, host.Command{Args: []string{"sh", "-c", readFile, "longshore", path}, Root: true})
	var exit *host.ExitError
	if errors.As(err, &exit) && exit.Code == 3 {
		return "", false, nil
	}
	return string(out.Stdout), err == nil, err
}

const writeFile = `
umask 077
mkdir -p -m 755 -- "$(dirname -- "$1")"
temporary=$(mktemp -- "$1.XXXXXX")
trap 'rm -f -- "$temporary"' EXIT
cat > "$temporary"
chmod -- "$2" "$temporary"
sync -- "$temporary"
mv -f -- "$temporary" "$1"
trap - EXIT`

// write replaces a file as a whole.
func (m *Machine) write(ctx context.Context, path, content string, mode uint32) error {
	return m.scriptWith(ctx, writeFile, content, path, strconv.FormatUint(uint64(mode), 8))
}

// inContainer says whether the machine is a container, whose kernel and clock are another machine's.
func (m *Machine) inContainer(ctx context.Context) (bool, error) {
	return m.holds(ctx, "systemd-detect-virt", "--container", "--quiet")
}

// unitRuns says whether a systemd unit is active and starts at boot.
func (m *Machine) unitRuns(ctx context.Context, unit string) (active, enabled bool, err error) {
	if active, err = m.holds(ctx, "systemctl", "is-active", "--quiet", unit); err != nil {
		return false, false, err
	}
	enabled, err = m.holds(ctx, "systemctl", "is-enabled", "--quiet", unit)
	return active, enabled, err
}
