package docker

import (
	"context"
	"errors"
	"time"
)

// The longest that calls may take whose caller sets no deadline. Streams have none: they follow their context.
const (
	quick = 30 * time.Second // questions and small changes
	slow  = 2 * time.Minute  // what waits for disks, drivers or containers
)

var errNoAnswer = errors.New("the engine did not answer in time")

// bounded gives a call a deadline where its caller set none.
func bounded(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, limit, errNoAnswer)
}
