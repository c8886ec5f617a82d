package bootstrap

import (
	"context"
	"fmt"

	"github.com/longshore-dev/longshore/internal/app"
)

// docker is the engine: running, and started at boot. One that is there already stays, whoever brought it.
type docker struct{}

func (docker) Name() string { return "docker" }

// engineThere holds where an engine and its client are there, from wherever they came.
const engineThere = `command -v dockerd && command -v docker`

// packages are the engine's; none where one is there that no package brought.
func (docker) packages(ctx context.Context, m *Machine) ([]string, error) {
	there, err := m.holds(ctx, "sh", "-c", engineThere)
	if err != nil || there {
		return nil, err
	}
	if m.Settings.Docker == app.DockerUpstream {
		return []string{"docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin"}, nil
	}
	// Debian 13 has the client apart; registries are asked over TLS.
	return []string{"docker.io", "docker-cli?", "ca-certificates"}, nil
}

// upstreamRepository adds Docker's own package repository, as its documentation for Debian and Ubuntu says.
const upstreamRepository = `
. /etc/os-release
mkdir -p -m 755 /etc/apt/keyrings
curl -fsSL --retry 3 --max-time 60 "https://download.docker.com/linux/$ID/gpg" -o /etc/apt/keyrings/docker.asc.new
mv /etc/apt/keyrings/docker.asc.new /etc/apt/keyrings/docker.asc
chmod 644 /etc/apt/keyrings/docker.asc
printf 'deb [arch=%s signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/%s %s stable\n' \
	"$(dpkg --print-architecture)" "$ID" "$VERSION_CODENAME" > /etc/apt/sources.list.d/docker.list.new
mv /etc/apt/sources.list.d/docker.list.new /etc/apt/sources.list.d/docker.list`

func addUpstream(ctx context.Context, m *Machine) error {
	if _, err := m.script(ctx, upstreamRepository); err != nil {
		return fmt.Errorf("%w: add Docker's repository: %w", ErrPackages, err)
	}
	return nil
}

func (docker) Look(ctx context.Context, m *Machine) (State, error) {
	const wanted = "running, started at boot"
	there, err := m.holds(ctx, "sh", "-c", engineThere)
	if err != nil {
		return State{}, err
	}
	if !there {
		return State{Is: "not installed", Wanted: wanted}, nil
	}
	active, enabled, err := m.unitRuns(ctx, "docker.service")
	switch {
	case err != nil:
		return State{}, err
	case !active:
		return State{Is: "installed, not running", Wanted: wanted}, nil
	case !enabled:
		return State{Is: "running, not started at boot", Wanted: wanted}, nil
	}
	info, err := m.host.Engine().Info(ctx)
	if err != nil {
		return State{}, err
	}
	return State{Is: info.Version + ", running, started at boot", OK: true}, nil
}

// startEngine starts it however often it was started before: systemd would refuse a third start within a minute.
const startEngine = `
systemctl reset-failed docker.service docker.socket 2>/dev/null || true
systemctl enable --quiet --now docker.service`

func (docker) Settle(ctx context.Context, m *Machine) error {
	_, err := m.script(ctx, startEngine)
	return err
}
