package host_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

func TestWorkUnderALockEndsWithTheConnection(t *testing.T) {
	machine := memory.New("server")
	h := machine.Host()
	err := host.WithLock(t.Context(), h.Files(), "lock", false, time.Minute, func(ctx context.Context) error {
		machine.Cut()
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Error("the work outlives the lock")
		}
		return ctx.Err()
	})
	if !errors.Is(err, host.ErrLockLost) || !errors.Is(err, host.ErrUnreachable) || errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}

func TestTheLockIsFreeAfterTheWork(t *testing.T) {
	machine := memory.New("server")
	one, other := machine.Host(), machine.Host()
	failure := errors.New("failed")
	nothing := func(context.Context) error { return nil }
	for _, want := range []error{nil, failure} {
		err := host.WithLock(t.Context(), one.Files(), "lock", false, time.Minute, func(context.Context) error {
			if err := host.WithLock(t.Context(), other.Files(), "lock", false, time.Millisecond, nothing); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a second one waits and ends with %v", err)
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Errorf("it ends with %v, want %v", err, want)
		}
		if err := host.WithLock(t.Context(), other.Files(), "lock", false, time.Second, nothing); err != nil {
			t.Errorf("the lock is kept: %v", err)
		}
	}
}
