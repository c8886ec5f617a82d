package host

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrLockLost says that the connection that held a lock is gone: somebody else may hold it now. It is an ErrUnreachable.
var ErrLockLost = fmt.Errorf("%w: the connection that held a lock was lost", ErrUnreachable)

// WithLock does something under the lock at path, and waits for the lock no longer than wait. What is done is bounded
// by ctx and by the time in which the lock is held: a connection is replaced in silence when it is lost, and without
// that bound the work would go on over the new one while somebody else holds the lock. It then ends with ErrLockLost.
func WithLock(ctx context.Context, files Files, path string, shared bool, wait time.Duration, do func(context.Context) error) error {
	waiting, stop := context.WithTimeout(ctx, wait)
	defer stop()
	lost, unlock, err := files.Lock(waiting, path, shared)
	if err != nil {
		return fmt.Errorf("wait for the lock %s: %w", path, err)
	}
	defer unlock()
	held, cancel := context.WithCancelCause(ctx)
	defer cancel(context.Canceled)
	if lost != nil {
		go func() {
			select {
			case <-lost:
				cancel(ErrLockLost)
			case <-held.Done():
			}
		}()
	}
	err = do(held)
	if err != nil && errors.Is(context.Cause(held), ErrLockLost) {
		return ErrLockLost
	}
	return err
}
