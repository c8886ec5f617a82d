package container

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// atOnce bounds how many containers of one host are worked on at the same time.
const atOnce = 8

// each runs f for every name, several at once, and answers the first error.
func each(ctx context.Context, names []string, f func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, name := range names {
		group.Go(func() error { return f(ctx, name) })
	}
	return group.Wait()
}
