package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/ssh"
)

// A lock is held by a session of the server that reads a byte every beat. It ends with its input, and without any after
// six beats: a line that is cut in silence would else keep it for as long as the server's TCP takes to notice.
const (
	beat     = 5 * time.Second
	takeLock = `
umask 077
mkdir -p -- "$(dirname -- "$2")" || exit
exec flock "$1" "$2" sh -c 'echo locked; while [ -n "$(timeout 30 dd bs=1 count=1 2>/dev/null)" ]; do :; done'`
)

// unlockGrace bounds the wait for the server to say that the lock is free again.
const unlockGrace = 5 * time.Second

// Lock takes an advisory lock on the server.
func (f *files) Lock(ctx context.Context, name string, shared bool) (func(), error) {
	full, err := f.at(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := host.Bounded(ctx, host.LockLimit)
	defer cancel()
	how := "-x"
	if shared {
		how = "-s"
	}
	args, err := f.access.forState(ctx, script(takeLock, how, full))
	if err != nil {
		return nil, fmt.Errorf("%s: lock %s: %w", f.name, full, err)
	}
	process, err := f.client.Start(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: lock %s: %w", f.name, full, err)
	}
	if err := taken(ctx, process); err != nil {
		_ = process.Close()
		return nil, fmt.Errorf("%s: lock %s: %w", f.name, full, err)
	}
	stop := make(chan struct{})
	go hold(process, stop)
	var once sync.Once
	return func() { once.Do(func() { close(stop); release(process) }) }, nil
}

// taken waits until the session says that it has the lock.
func taken(ctx context.Context, process *ssh.Process) error {
	answers := make(chan error, 1)
	go func() {
		_, err := process.Read(make([]byte, len("locked\n")))
		answers <- err
	}()
	select {
	case err := <-answers:
		var exit *host.ExitError
		if errors.As(err, &exit) && exit.Code == 127 {
			return fmt.Errorf("%w; install util-linux and coreutils on the server", err)
		}
		return kind(err)
	case <-ctx.Done():
		return fmt.Errorf("somebody else holds it: %w", context.Cause(ctx))
	}
}

// hold keeps the session from giving up.
func hold(process *ssh.Process, stop <-chan struct{}) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-process.Done():
			return
		case <-ticker.C:
			if _, err := process.Write([]byte("x")); err != nil {
				return
			}
		}
	}
}

func release(process *ssh.Process) {
	// An error means that the session is gone, and the lock with it. A beat on a cut line may keep it waiting.
	go func() { _ = process.CloseWrite() }()
	select {
	case <-process.Done():
	case <-time.After(unlockGrace):
	}
	_ = process.Close()
}
