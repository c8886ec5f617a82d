package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

// guardWindow is how long a change that can lock people out stands without being confirmed.
const guardWindow = 45 * time.Second

// setGuard has systemd run the undoing after the window, whoever is still there. A guard that an earlier attempt has left
// strikes first: nobody knows what it has seen.
const setGuard = `
unit=longshore-guard-$1
if systemctl is-active --quiet $unit.timer; then systemctl start $unit.service || true; systemctl stop $unit.timer; fi
systemctl reset-failed $unit.service 2>/dev/null || true
cat > "/run/$unit.sh"
systemd-run --quiet --collect --unit=$unit --on-active="$2" --timer-property=AccuracySec=1s sh "/run/$unit.sh"`

const liftGuard = `
unit=longshore-guard-$1
if [ "$2" = strike ]; then systemctl start $unit.service; fi
systemctl stop $unit.timer
rm -f "/run/$unit.sh"`

// guarded makes a change that can cut the way to the machine. The undoing, a shell script that may run at any moment of the
// change and twice, runs by itself unless a second login comes through afterwards; then it fails with ErrLockedOut.
func (m *Machine) guarded(ctx context.Context, name, undo string, change func(context.Context) error) error {
	if err := m.provesLogin(ctx); err != nil {
		return fmt.Errorf("a second login does not come through before anything is changed: %w", err)
	}
	window := fmt.Sprintf("%ds", int(guardWindow.Seconds()))
	if err := m.scriptWith(ctx, setGuard, undo, name, window); err != nil {
		return err
	}
	err := change(ctx)
	if err == nil {
		err = m.confirmed(ctx)
	}
	if err == nil {
		_, err = m.script(ctx, liftGuard, name, "confirmed")
		return err
	}
	// Over the connection that is there still; where that is lost as well, the timer does it.
	striking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, struck := m.script(striking, liftGuard, name, "strike")
	return errors.Join(err, struck)
}

// confirmed logs in anew within the window, with some time left for lifting the guard.
func (m *Machine) confirmed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, guardWindow/2)
	defer cancel()
	for {
		err := m.provesLogin(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrLockedOut, err)
		case <-time.After(time.Second):
		}
	}
}

// provesLogin logs in over a connection of its own.
func (m *Machine) provesLogin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	second, err := m.fresh(ctx, m.At)
	if err != nil {
		return err
	}
	defer second.Close() // it has served its purpose
	_, err = second.Run(ctx, host.Command{Args: []string{"true"}})
	return err
}
