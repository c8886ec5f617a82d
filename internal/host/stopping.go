package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Stopping answers an ErrUnreachable where the machine is on its way down, as systemd says: what is found stopped on it
// then has not failed, and starts again with it. A machine without systemd is never known to be.
func Stopping(ctx context.Context, h Host) error {
	out, err := h.Run(ctx, Command{Args: []string{"systemctl", "is-system-running"}})
	if errors.Is(err, ErrUnreachable) {
		return err
	}
	if strings.TrimSpace(string(out.Stdout)) == "stopping" {
		return fmt.Errorf("%s is shutting down: %w", h.Name(), ErrUnreachable)
	}
	return nil
}
