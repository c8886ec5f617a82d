package rotation

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
)

// cancelRequested says that the workflow wants the activity to end. Any other end of the context is that of an attempt
// that is lost, and that another follows.
func cancelRequested(ctx context.Context) bool {
	_, requested := errors.AsType[*temporal.CanceledError](context.Cause(ctx))
	return requested
}

// outlast makes a context that a cancel of the activity does not end, though the end of the attempt does. The worker's
// heartbeats end with a cancel; these go on, so that the engine waits for what the activity comes to. stop ends both.
func outlast(ctx context.Context) (lasting context.Context, stop func()) {
	lasting, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-lasting.Done():
		case <-ctx.Done():
			if cancelRequested(ctx) {
				beat(lasting)
			} else {
				cancel(context.Cause(ctx))
			}
		}
	}()
	return lasting, func() {
		cancel(nil)
		<-ended
	}
}

// beat sends heartbeats until the context ends.
func beat(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		if activity.IsActivity(ctx) {
			activity.RecordHeartbeat(ctx, activities.Beat{})
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// persist does something, and after a cancel again until it is done: no other attempt of the activity would.
func persist[T any](ctx, lasting context.Context, do func() (T, error)) (T, error) {
	for {
		out, err := do()
		if err == nil || !cancelRequested(ctx) {
			return out, err
		}
		if ended := pause(lasting); ended != nil {
			return out, errors.Join(err, ended)
		}
	}
}

// pause waits before something is looked at again; it fails where the context ends sooner.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(lookEvery):
		return nil
	}
}
