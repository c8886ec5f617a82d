package container

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// atOnce bounds how many containers of one host are worked on at the same time.
const atOnce = 8

// each runs f for every item with its index, several at once, and answers the first error.
func each[T any](ctx context.Context, items []T, f func(context.Context, int, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, item := range items {
		group.Go(func() error { return f(ctx, i, item) })
	}
	return group.Wait()
}
