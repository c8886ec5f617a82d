package bootstrap

import (
	"context"

	"github.com/longshore-dev/longshore/internal/app"
)

// docker is the engine: installed, running, and started at boot. One that is there already stays, whoever brought it.
type docker struct{}

func (docker) Name() string { return "docker" }

func (docker) Look(ctx context.Context, m *Machine) (State, error) {
	wanted := "installed from the distribution, running, started at boot"
	if m.Settings.Docker == app.DockerUpstream {
		wanted = "installed from Docker's repository, running, started at boot"
	}
	there, err := m.holds(ctx, "sh", "-c", "command -v dockerd && command -v docker")
	if err != nil {
		return State{}, err
	}
	if !there {
		return State{Is: "not installed", Wanted: wanted}, nil
	}
	broken, err := m.holds(ctx, "sh", "-c", `[ -n "$(dpkg --audit)" ]`)
	if err != nil {
		return State{}, err
	}
	active, enabled, err := m.unitRuns(ctx, "docker.service")
	switch {
	case err != nil:
		return State{}, err
	case broken:
		return State{Is: "packages are half installed", Wanted: wanted}, nil
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

// distributionPackages are the engine's and, where the distribution has it apart, the client's.
const distributionPackages = `
echo docker.io
if apt-cache show docker-cli >/dev/null 2>&1; then echo docker-cli; fi`

// upstreamRepository adds Docker's own package repository, as its documentation for Debian and Ubuntu says.
const upstreamRepository = `
. /etc/os-release
mkdir -p -m 755 /etc/apt/keyrings
curl -fsSL "https://download.docker.com/linux/$ID/gpg" -o /etc/apt/keyrings/docker.asc.new
mv /etc/apt/keyrings/docker.asc.new /etc/apt/keyrings/docker.asc
chmod 644 /etc/apt/keyrings/docker.asc
printf 'deb [arch=%s signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/%s %s stable\n' \
	"$(dpkg --print-architecture)" "$ID" "$VERSION_CODENAME" > /etc/apt/sources.list.d/docker.list`

func (docker) Settle(ctx context.Context, m *Machine) error {
	packages, err := dockerPackages(ctx, m)
	if err != nil {
		return err
	}
	if err := m.install(ctx, packages...); err != nil {
		return err
	}
	_, err = m.script(ctx, startEngine)
	return err
}

// startEngine starts it however often it was started before: systemd would refuse a third start within a minute.
const startEngine = `
systemctl reset-failed docker.service docker.socket 2>/dev/null || true
systemctl enable --quiet --now docker.service`

// dockerPackages are what has to be installed for an engine: nothing but the mending of what is there, where it is there.
func dockerPackages(ctx context.Context, m *Machine) ([]string, error) {
	there, err := m.holds(ctx, "sh", "-c", "command -v dockerd && command -v docker")
	if err != nil || there {
		return nil, err
	}
	if m.Settings.Docker != app.DockerUpstream {
		// What the distribution has is only known once its lists are there.
		if err := m.install(ctx); err != nil {
			return nil, err
		}
		out, err := m.script(ctx, distributionPackages)
		return fields(out), err
	}
	if err := m.install(ctx, "ca-certificates", "curl"); err != nil {
		return nil, err
	}
	if _, err := m.script(ctx, upstreamRepository); err != nil {
		return nil, err
	}
	return []string{"docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin"}, nil
}
