package hosts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/testsuite/hosts/link"
)

// Start makes a host for a test, waits until it is ready and removes it at the test's end. SSH to it goes through
// Host.Link. A failed test gets the host's last journal lines in its log.
func Start(t testing.TB, options ...Option) *Host {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := Reap(ctx); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h, err := Launch(ctx, append([]Option{func(c *config) { c.dir = dir }}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.end(t) })
	if h.Link, err = link.New(fmt.Sprintf("127.0.0.1:%d", h.sshPort)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Link.Close() })
	if err := h.writeClientFiles(dir); err != nil {
		t.Fatal(err)
	}
	return h
}

// end removes the host of a test whose context is done.
func (h *Host) end(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if t.Failed() {
		if journal, err := h.Exec(ctx, "journalctl", "--no-pager", "--lines=80", "--unit=docker", "--unit=ssh"); err == nil {
			t.Logf("journal of host %s:\n%s", h.Name, journal)
		}
	}
	if err := Remove(ctx, h.Name); err != nil {
		t.Error(err)
	}
}

// Launch makes a host and waits until it is ready: booted, SSH answering, Docker answering unless it is Bare. The host
// stays until Remove; a Reap of a later process removes it too, unless it was KeptIn a folder.
func Launch(ctx context.Context, options ...Option) (*Host, error) {
	self, err := owner(os.Getpid())
	if err != nil {
		return nil, fmt.Errorf("test hosts need Linux: %w", err)
	}
	c := config{release: Bookworm, login: Root, edgePort: 80, owner: self}
	for _, option := range options {
		option(&c)
	}
	if c.name == "" {
		c.name = "longshore-host-" + strings.ToLower(rand.Text()[:8])
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("docker"); err != nil {
		return nil, fmt.Errorf("test hosts need Docker: run scripts/ensure-docker.sh: %w", err)
	}
	if err := Prepare(ctx, c.release, os.Stderr); err != nil {
		return nil, err
	}
	if err := prepare(ctx, c.recipe(), os.Stderr); err != nil {
		return nil, fmt.Errorf("make an image with %v for test hosts: %w", c.packages, err)
	}
	h := &Host{Name: c.name, User: c.login, edgePort: c.edgePort, bare: c.bare}
	if h.keys, err = newKeys(); err != nil {
		return nil, err
	}
	if err := h.create(ctx, c); err != nil {
		return nil, fmt.Errorf("start test host %s: %w", h.Name, err)
	}
	if err := h.ready(ctx); err != nil {
		return nil, errors.Join(err, Remove(context.WithoutCancel(ctx), h.Name))
	}
	if err := h.writeClientFiles(c.dir); err != nil {
		return nil, errors.Join(err, Remove(context.WithoutCancel(ctx), h.Name))
	}
	return h, nil
}

// ErrExists says that there is a container of the name already.
var ErrExists = errors.New("there is a container of that name already")

// create makes the container and boots it, with other ports when the first ones turn out to be taken.
func (h *Host) create(ctx context.Context, c config) error {
	for attempt := 1; ; attempt++ {
		h.sshPort, h.httpPort = freePort(), freePort()
		err := h.createOnce(ctx, c)
		if err == nil {
			return nil
		}
		if strings.Contains(said(err), "is already in use by container") {
			return ErrExists
		}
		if err := Remove(context.WithoutCancel(ctx), h.Name); err != nil {
			return err
		}
		taken := strings.Contains(said(err), "already allocated") || strings.Contains(said(err), "address already in use")
		if !taken || attempt == 5 {
			return err
		}
	}
}

func (h *Host) createOnce(ctx context.Context, c config) error {
	id, err := docker(ctx, nil, h.createArgs(c)...)
	if err != nil {
		return err
	}
	extra := map[string]string{}
	if !c.bare {
		extra["etc/docker/daemon.json"] = daemonConfig(ctx, id)
	}
	seed, err := h.keys.seed(extra)
	if err != nil {
		return err
	}
	if _, err := docker(ctx, seed, "cp", "-", h.Name+":/"); err != nil {
		return err
	}
	_, err = docker(ctx, nil, "start", h.Name)
	return err
}

// createArgs asks for what systemd and a nested dockerd need and no more: --privileged fails where the caller lacks a
// capability itself.
func (h *Host) createArgs(c config) []string {
	args := []string{"create", "--name", h.Name, "--hostname", h.Name,
		"--label", labelTest + "=host", "--label", labelOwner + "=" + c.owner,
		"--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
		"--security-opt", "systempaths=unconfined", "--cgroupns", "host",
		"--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec",
		"--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw",
		"--publish", fmt.Sprintf("127.0.0.1:%d:22", h.sshPort),
		"--publish", fmt.Sprintf("127.0.0.1:%d:%d", h.httpPort, c.edgePort),
	}
	for _, capability := range []string{"SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "SYS_CHROOT", "MKNOD",
		"AUDIT_WRITE", "SETPCAP", "SETFCAP", "DAC_READ_SEARCH", "SYS_NICE", "SYS_BOOT", "IPC_LOCK", "SYSLOG"} {
		args = append(args, "--cap-add", capability)
	}
	ownDisk := false
	for _, disk := range c.disks {
		args = append(args, "--tmpfs", disk.path+":exec,dev,suid,size="+strconv.FormatInt(disk.size, 10))
		ownDisk = ownDisk || disk.path == "/var/lib/docker"
	}
	if !ownDisk {
		// overlay2 cannot lie on the container's own overlay.
		args = append(args, "--volume", "/var/lib/docker")
	}
	return append(args, c.recipe().tag())
}

// daemonConfig has the host's dockerd put its containers under the host's own control group where groups are of the
// first version: a pause of the host stops them too, and they leave nothing behind. With the second version systemd
// inside does so by itself.
func daemonConfig(ctx context.Context, id string) string {
	version, err := docker(ctx, nil, "info", "--format", "{{.CgroupVersion}}/{{.CgroupDriver}}")
	if err != nil || version != "1/cgroupfs" {
		return "{}\n"
	}
	return fmt.Sprintf("{\"cgroup-parent\": \"/docker/%s/containers\"}\n", id)
}

// freePort picks a free loopback port below those that the kernel gives to outgoing connections, so that nothing takes
// it while the host reboots.
func freePort() int {
	for {
		port := 20000 + mathrand.IntN(12000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		listener.Close()
		return port
	}
}
