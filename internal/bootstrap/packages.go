package bootstrap

import (
	"context"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// packages are all that the other items need, installed at once: most of a first bootstrap's time goes into it.
type packages struct{}

// packaged is an item that needs packages. A name that ends in "?" is wanted where the distribution has it.
type packaged interface {
	packages(ctx context.Context, m *Machine) ([]string, error)
}

// skipper is an item that settings may switch off.
type skipper interface {
	skip(m *Machine) string
}

func (packages) Name() string { return "packages" }

// wanted are the packages of all items that are not left alone.
func (packages) wanted(ctx context.Context, m *Machine) ([]string, error) {
	var out []string
	for _, item := range items() {
		p, needs := item.(packaged)
		if !needs || slices.Contains(m.Settings.Skip, item.Name()) {
			continue
		}
		if s, ok := item.(skipper); ok && s.skip(m) != "" {
			continue
		}
		names, err := p.packages(ctx, m)
		if err != nil {
			return nil, err
		}
		out = append(out, names...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// lookAtPackages says which packages are not installed to the end, and which an interruption has left half way.
const lookAtPackages = `
for package in "$@"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "${package%\?}" 2>/dev/null)" = installed ] || echo "$package"
done
if [ -n "$(dpkg --audit)" ]; then echo half-installed; fi`

func (p packages) Look(ctx context.Context, m *Machine) (State, error) {
	wanted, err := p.wanted(ctx, m)
	if err != nil {
		return State{}, err
	}
	out, err := m.script(ctx, lookAtPackages, wanted...)
	if err != nil {
		return State{}, err
	}
	var missing []string
	for _, name := range strings.Fields(out) {
		if !strings.HasSuffix(name, "?") {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		if missing[len(missing)-1] == "half-installed" {
			return State{Is: "an installation was interrupted", Wanted: "installed to the end"}, nil
		}
		return State{Is: "without " + strings.Join(missing, ", "), Wanted: "installed"}, nil
	}
	return State{Is: "installed", OK: true}, nil
}

func (p packages) Settle(ctx context.Context, m *Machine) error {
	wanted, err := p.wanted(ctx, m)
	if err != nil {
		return err
	}
	if m.Settings.Docker == app.DockerUpstream && slices.Contains(wanted, "docker-ce") {
		if err := m.install(ctx, "ca-certificates", "curl"); err != nil {
			return err
		}
		if err := addUpstream(ctx, m); err != nil {
			return err
		}
	}
	return m.install(ctx, wanted...)
}
