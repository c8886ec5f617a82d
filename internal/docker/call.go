package docker

import (
	"context"
	"time"

	"github.com/docker/docker/client"
)

// call runs fn with a client and a deadline, and classifies its error; op says what it tries.
func (e *Engine) call(
	ctx context.Context, limit time.Duration, op string, fn func(context.Context, *client.Client) error,
) error {
	ctx, cancel := bounded(ctx, limit)
	defer cancel()
	return e.fail(ctx, op, e.try(ctx, fn))
}

// callMaking is call for what makes or names something.
func (e *Engine) callMaking(
	ctx context.Context, limit time.Duration, op string, fn func(context.Context, *client.Client) error,
) error {
	ctx, cancel := bounded(ctx, limit)
	defer cancel()
	return e.failMaking(ctx, op, e.try(ctx, fn))
}

// stream is call without a deadline of ours once the engine has said which version it speaks.
func (e *Engine) stream(ctx context.Context, op string, fn func(context.Context, *client.Client) error) error {
	if err := e.call(ctx, quick, op, func(context.Context, *client.Client) error { return nil }); err != nil {
		return err
	}
	return e.fail(ctx, op, e.try(ctx, fn))
}

func (e *Engine) try(ctx context.Context, fn func(context.Context, *client.Client) error) error {
	cli, err := e.api(ctx)
	if err != nil {
		return err
	}
	return fn(ctx, cli)
}
