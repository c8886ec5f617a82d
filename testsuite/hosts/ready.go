package hosts

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// ready waits until the host has booted, sshd answers and, unless it is bare, Docker does.
func (h *Host) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := poll(ctx, func() error {
		state, err := h.Exec(ctx, "systemctl", "is-system-running")
		if state == "running" || state == "degraded" {
			return nil
		}
		return fmt.Errorf("systemd says %q: %w", state, err)
	}); err != nil {
		return fmt.Errorf("boot test host %s: %w", h.Name, err)
	}
	if err := h.WaitSSH(ctx); err != nil {
		return err
	}
	if h.bare {
		return nil
	}
	return h.WaitDocker(ctx)
}

// WaitSSH waits until sshd greets; the link to it is not used.
func (h *Host) WaitSSH(ctx context.Context) error {
	err := poll(ctx, func() error { return greeted(ctx, fmt.Sprintf("127.0.0.1:%d", h.sshPort)) })
	if err != nil {
		return fmt.Errorf("wait for sshd of test host %s: %w", h.Name, err)
	}
	return nil
}

// WaitDocker waits until the host's engine answers.
func (h *Host) WaitDocker(ctx context.Context) error {
	err := poll(ctx, func() error {
		_, err := h.Exec(ctx, "docker", "version")
		return err
	})
	if err != nil {
		return fmt.Errorf("wait for Docker of test host %s: %w", h.Name, err)
	}
	return nil
}

func greeted(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	greeting := make([]byte, 4)
	if _, err := io.ReadFull(conn, greeting); err != nil {
		return err
	}
	if !strings.HasPrefix(string(greeting), "SSH-") {
		return fmt.Errorf("port of sshd answers %q", greeting)
	}
	return nil
}

// poll calls check until it succeeds or ctx ends, and then returns the check's last error.
func poll(ctx context.Context, check func() error) error {
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
