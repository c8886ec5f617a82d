package workflows

import "go.temporal.io/sdk/workflow"

// together runs f for every item at once and waits for all of them. The first failure cancels the others; it is the
// one answered.
func together[T any](ctx workflow.Context, items []T, f func(workflow.Context, T) error) error {
	if len(items) == 1 {
		return f(ctx, items[0])
	}
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	group := workflow.NewWaitGroup(ctx)
	var first error
	for _, item := range items {
		group.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer group.Done()
			if err := f(ctx, item); err != nil && first == nil {
				first = err
				cancel()
			}
		})
	}
	// Waited for without the cancellable context: an item that is cancelled still has to come to its end.
	waiting, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	group.Wait(waiting)
	return first
}
