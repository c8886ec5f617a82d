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
// six beats: a line that is cut in silence would else keep it for as long as the server's TCP takes to notice. It then
// takes the whole connection with it, by ending the sshd that leads the session (or that sudo was started from): what the
// line holds back, or a worker that was frozen says when it wakes, would else be done by a server on which somebody else
// has the lock.
const (
	beat     = 5 * time.Second
	takeLock = `
umask 077
mkdir -p -- "$(dirname -- "$2")" || exit
exec flock "$1" "$2" sh -c '
echo locked
while beat=$(timeout 30 dd bs=1 count=1 2>/dev/null); late=$?; [ -n "$beat" ]; do :; done
[ "$late" -ne 0 ] || exit 0
at=$$
while
	read -r _ _ _ _ _ leader _ < "/proc/$at/stat" &&
	read -r _ _ _ parent _ < "/proc/$leader/stat" &&
	read -r _ name _ < "/proc/$parent/stat"
do
	case $name in
	"(sshd"*) exec kill "$parent" ;;
	"(sudo)") at=$parent ;;
	*) exit 0 ;;
	esac
done'`
)

// unlockGrace bounds the wait for the server to say that the lock is free again.
const unlockGrace = 5 * time.Second

// Lock takes an advisory lock on the server.
func (f *files) Lock(ctx context.Context, name string, shared bool) (<-chan struct{}, func(), error) {
	full, err := f.at(name)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := host.Bounded(ctx, host.LockLimit)
	defer cancel()
	how := "-x"
	if shared {
		how = "-s"
	}
	args, err := f.access.forState(ctx, script(takeLock, how, full))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: lock %s: %w", f.name, full, err)
	}
	process, err := f.client.Start(ctx, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: lock %s: %w", f.name, full, err)
	}
	if err := taken(ctx, process); err != nil {
		_ = process.Close()
		return nil, nil, fmt.Errorf("%s: lock %s: %w", f.name, full, err)
	}
	stop := make(chan struct{})
	go hold(process, stop)
	var once sync.Once
	return process.Done(), func() { once.Do(func() { close(stop); release(process) }) }, nil
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
