package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

const (
	// guardWindow is how long a change that can lock people out stands without being confirmed.
	guardWindow = 45 * time.Second
	// confirmWithin is how long second logins are tried: the guard has to be lifted within the window as well.
	confirmWithin = guardWindow / 2
)

// setGuard has systemd run the undoing after the window, whoever is still there. Everything of a guard lies in /run: a
// reboot ends it, so a guarded change must not outlive one. Renaming the file "armed" decides who was first, the one who
// confirms or the one who undoes. A guard that an earlier attempt has left strikes first: nobody knows what it has seen.
const setGuard = `
unit=longshore-guard-$1
folder=/run/$unit
if [ -e "$folder/strike" ]; then sh "$folder/strike"; fi
systemctl stop "$unit.timer" 2>/dev/null || true
systemctl reset-failed "$unit.service" "$unit.timer" 2>/dev/null || true
rm -rf -- "$folder"
mkdir -m 700 -- "$folder"
{ printf 'cd %s && mv armed struck 2>/dev/null || exit 0\n' "$folder"; cat; } > "$folder/strike"
: > "$folder/armed"
systemd-run --quiet --collect --unit="$unit" --on-active="$2s" --timer-property=AccuracySec=1s sh "$folder/strike"`

const (
	// underGuard begins every guarded change, which runs in the guard's folder. A change that a slow link delivers after the
	// guard has struck does nothing.
	underGuard = `cd "/run/longshore-guard-$1" && [ -e armed ] || { echo "the guard has struck already" >&2; exit 4; }
`
	liftGuard = `
cd "/run/longshore-guard-$1"
mv armed confirmed || { echo "the guard has struck already" >&2; exit 4; }
systemctl stop "longshore-guard-$1.timer" 2>/dev/null || true`

	strikeGuard = `
sh "/run/longshore-guard-$1/strike"
systemctl stop "longshore-guard-$1.timer" 2>/dev/null || true`
)

// guarded runs a shell script that can cut the way to the machine, as root, in a folder of its own. It must not outlive a
// reboot, and must be done within seconds. Unless a second login comes through afterwards, undo runs, whoever is still
// there, and guarded fails with ErrLockedOut. undo is a shell script in the same folder; it finds there what change has
// put beside, which is nothing where change never ran.
func (m *Machine) guarded(ctx context.Context, name, change, undo string) error {
	if err := m.provesLogin(ctx, m.At); err != nil {
		return fmt.Errorf("a second login does not come through before anything is changed: %w", err)
	}
	if err := m.scriptWith(ctx, setGuard, undo, name, strconv.Itoa(int(guardWindow.Seconds()))); err != nil {
		return err
	}
	err := m.change(ctx, name, change)
	if err == nil {
		err = m.confirmed(ctx)
	}
	if err == nil {
		_, err = m.script(ctx, liftGuard, name)
		return lateIsLockedOut(err)
	}
	// Over the connection that is there still; where that is lost as well, the timer does it.
	striking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, struck := m.script(striking, strikeGuard, name); struck != nil && !errors.Is(err, ErrLockedOut) {
		return errors.Join(err, struck)
	}
	return err
}

func (m *Machine) change(ctx context.Context, name, change string) error {
	ctx, cancel := context.WithTimeout(ctx, guardWindow/3)
	defer cancel()
	_, err := m.script(ctx, underGuard+change, name)
	return lateIsLockedOut(err)
}

// lateIsLockedOut tells the code 4 by which scripts say that the guard was first.
func lateIsLockedOut(err error) error {
	var exit *host.ExitError
	if errors.As(err, &exit) && exit.Code == 4 {
		return fmt.Errorf("%w: it took longer than %s", ErrLockedOut, guardWindow)
	}
	return err
}

// confirmed logs in anew, with some time left for lifting the guard.
func (m *Machine) confirmed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, confirmWithin)
	defer cancel()
	for {
		err := m.provesLogin(ctx, m.At)
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
func (m *Machine) provesLogin(ctx context.Context, at app.Host) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	second, err := m.fresh(ctx, at)
	if err != nil {
		return err
	}
	defer second.Close() // it has served its purpose
	_, err = second.Run(ctx, host.Command{Args: []string{"true"}})
	return err
}
