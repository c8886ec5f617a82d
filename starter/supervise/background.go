package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/activities/engine"
)

// stopWithin bounds a stop: both graces and some. A supervisor that outlasts it is killed, its children with it.
const stopWithin = workerGrace + engineGrace + 10*time.Second

// pollEvery is how often another process's state is looked at.
const pollEvery = 50 * time.Millisecond

// Start runs a supervisor in the background, as args of this program ("up"), and returns once it is ready. Where one
// runs already it waits for that one, and says so.
func Start(ctx context.Context, state string, args ...string) (e engine.Endpoints, already bool, err error) {
	status, err := Read(state)
	if err != nil {
		return e, false, err
	}
	if status.PID != 0 {
		e, err = awaitReady(ctx, state, nil)
		return e, true, err
	}
	ended, err := launch(state, args)
	if err != nil {
		return e, false, err
	}
	e, err = awaitReady(ctx, state, ended)
	return e, false, err
}

// launch starts the supervisor in a session of its own, so that it outlives the terminal.
func launch(state string, args []string) (ended <-chan error, err error) {
	own, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	errorsPath := failurePath(state)
	if err := os.MkdirAll(filepath.Dir(errorsPath), 0o700); err != nil {
		return nil, fmt.Errorf("make the logs folder: %w", err)
	}
	// What it says while it runs is in its own log; this file has the reason for which it could not run.
	output, err := os.OpenFile(errorsPath, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	defer func() { _ = output.Close() }()
	cmd := exec.Command(own, args...)
	cmd.Env = append(os.Environ(), engine.StateVariable+"="+state)
	cmd.Dir = state
	cmd.Stderr = output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the supervisor: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	return done, nil
}

func failurePath(state string) string { return LogPath(state, "supervisor-failure") }

// awaitReady waits for the supervisor to be ready. ended, which may be nil, tells that the one just launched is gone.
func awaitReady(ctx context.Context, state string, ended <-chan error) (engine.Endpoints, error) {
	// Both programs may take comeUp each.
	ctx, cancel := context.WithTimeout(ctx, 2*comeUp+10*time.Second)
	defer cancel()
	for {
		status, err := Read(state)
		if err != nil {
			return engine.Endpoints{}, err
		}
		if status.Ready {
			return engine.ReadEndpoints(state)
		}
		if status.PID == 0 && ended == nil {
			return engine.Endpoints{}, errors.New("the supervisor ended before it was ready; see " + LogPath(state, "supervisor"))
		}
		select {
		case <-ended:
			// Another may have been quicker to take the lock; then that one is waited for.
			if status, err := Read(state); err == nil && status.PID != 0 {
				ended = nil
				continue
			}
			text, err := os.ReadFile(failurePath(state))
			if err != nil || len(text) == 0 {
				return engine.Endpoints{}, errors.New("the supervisor ended before it was ready; see " + LogPath(state, "supervisor"))
			}
			return engine.Endpoints{}, errors.New(strings.TrimSpace(strings.TrimPrefix(string(text), "longshore: ")))
		case <-ctx.Done():
			return engine.Endpoints{}, fmt.Errorf("the supervisor is not ready (%w); see %s", ctx.Err(), LogPath(state, "supervisor"))
		case <-time.After(pollEvery):
		}
	}
}

// Stop ends the state folder's supervisor and waits until it is gone. It says whether one ran.
func Stop(ctx context.Context, state string) (ran bool, err error) {
	status, err := Read(state)
	if err != nil || status.PID == 0 {
		return false, err
	}
	if err := signal(status.PID, syscall.SIGTERM); err != nil {
		return true, err
	}
	killAt := time.Now().Add(stopWithin)
	for killed := false; ; {
		now, err := Read(state)
		if err != nil || now.PID != status.PID {
			return true, err
		}
		if !killed && time.Now().After(killAt) {
			killed = true
			if err := signal(status.PID, syscall.SIGKILL); err != nil {
				return true, err
			}
		}
		select {
		case <-ctx.Done():
			return true, fmt.Errorf("the supervisor (process %d) is still stopping: %w", status.PID, ctx.Err())
		case <-time.After(pollEvery):
		}
	}
}

func signal(pid int, s syscall.Signal) error {
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop the supervisor (process %d): %w", pid, err)
	}
	return nil
}
