package host

import (
	"context"
	"fmt"
	"time"
)

// The deadlines of calls whose context has none.
const (
	DialLimit = 30 * time.Second
	FileLimit = time.Minute
	PutLimit  = time.Hour
	LockLimit = 10 * time.Minute
	RunLimit  = 10 * time.Minute
)

// Bounded gives a context without a deadline one.
func Bounded(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, limit, &limitError{limit})
}

// limitError is the passing of a deadline that the caller did not set.
type limitError struct{ limit time.Duration }

func (e *limitError) Error() string { return fmt.Sprintf("no end within %s", e.limit) }

// Is makes it a passed deadline.
func (e *limitError) Is(target error) bool { return target == context.DeadlineExceeded }
