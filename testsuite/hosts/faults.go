package hosts

import (
	"context"
	"fmt"
)

// Pause freezes everything on the host, its containers included: it goes silent as an overloaded or suspended machine
// does.
func (h *Host) Pause(ctx context.Context) error { return h.engine(ctx, "pause") }

// Unpause ends Pause.
func (h *Host) Unpause(ctx context.Context) error { return h.engine(ctx, "unpause") }

// Reboot shuts the host down in order, boots it again and waits until it is ready.
func (h *Host) Reboot(ctx context.Context) error {
	// The shutdown may end the command that asked for it.
	if _, err := h.Exec(ctx, "systemctl", "reboot"); err != nil && ctx.Err() != nil {
		return err
	}
	if err := h.engine(ctx, "wait"); err != nil {
		return err
	}
	return h.boot(ctx)
}

// PowerCycle takes the host's power away, gives it back and waits until the host is ready.
func (h *Host) PowerCycle(ctx context.Context) error {
	if err := h.engine(ctx, "kill"); err != nil {
		return err
	}
	return h.boot(ctx)
}

func (h *Host) boot(ctx context.Context) error {
	if err := h.engine(ctx, "start"); err != nil {
		return err
	}
	return h.ready(ctx)
}

func (h *Host) engine(ctx context.Context, verb string) error {
	if _, err := docker(ctx, nil, verb, h.Name); err != nil {
		return fmt.Errorf("test host %s: %w", h.Name, err)
	}
	return nil
}

// StopDocker stops the host's engine and keeps it from being started by its socket.
func (h *Host) StopDocker(ctx context.Context) error {
	_, err := h.Exec(ctx, "systemctl", "stop", "docker.socket", "docker.service")
	return err
}

// KillDocker kills dockerd with SIGKILL. systemd starts it again after a few seconds; see WaitDocker.
func (h *Host) KillDocker(ctx context.Context) error {
	_, err := h.Exec(ctx, "systemctl", "kill", "--signal=SIGKILL", "docker.service")
	return err
}

// StartDocker ends StopDocker and waits until the engine answers.
func (h *Host) StartDocker(ctx context.Context) error {
	// Kills and starts in quick succession would otherwise run into systemd's start limit.
	if _, err := h.Exec(ctx, "systemctl", "reset-failed"); err != nil {
		return err
	}
	if _, err := h.Exec(ctx, "systemctl", "start", "docker.socket", "docker.service"); err != nil {
		return err
	}
	return h.WaitDocker(ctx)
}

// ChangeHostKey gives sshd another key, as a reinstalled or an impostor's server has. KnownHosts keeps the old one.
func (h *Host) ChangeHostKey(ctx context.Context) error {
	pair, err := newKeyPair()
	if err != nil {
		return err
	}
	if err := h.WriteFile(ctx, "/"+hostKeyPath, string(pair.private)); err != nil {
		return err
	}
	if err := h.WriteFile(ctx, "/"+hostKeyPath+".pub", string(pair.authorized())); err != nil {
		return err
	}
	if _, err := h.Exec(ctx, "systemctl", "restart", "ssh"); err != nil {
		return err
	}
	return h.WaitSSH(ctx)
}

// RefuseKey makes the host refuse its client key for the login.
func (h *Host) RefuseKey(ctx context.Context) error {
	home := "/root"
	if h.User != Root {
		home = "/home/" + h.User
	}
	_, err := h.Exec(ctx, "rm", home+"/.ssh/authorized_keys")
	return err
}

// maxFilled bounds what FillDisk writes: larger file systems are shared with the machine that runs the tests.
const maxFilled = 2 << 30

// fillDisk fills a file system by halves of what is left: something else may write to it meanwhile, and is not to find it
// full before it stays so.
const fillDisk = `
at=0
for try in $(seq 100); do
	set -- "$1" "$2" "$3" $(df --block-size=1 --output=size,avail "$1" | tail -n 1)
	[ "$4" -le "$3" ] || { echo "it is not on a SmallDisk" >&2; exit 1; }
	[ "$5" -gt "$2" ] || exit 0
	half=$((($5 - $2 + 1) / 2))
	if fallocate --offset $at --length $half "$1/.ballast" 2>/dev/null; then at=$((at + half)); fi
done
echo "something else frees it" >&2
exit 1`

// FillDisk fills the file system that holds path, which must be a SmallDisk, until only free bytes are left. The
// returned function empties it again.
func (h *Host) FillDisk(ctx context.Context, path string, free int64) (empty func(context.Context) error, err error) {
	if _, err := h.Exec(ctx, "sh", "-c", fillDisk, "sh", path, fmt.Sprint(free), fmt.Sprint(maxFilled)); err != nil {
		return nil, fmt.Errorf("fill %s on host %s: %w", path, h.Name, err)
	}
	return func(ctx context.Context) error {
		_, err := h.Exec(ctx, "rm", "--force", path+"/.ballast")
		return err
	}, nil
}
