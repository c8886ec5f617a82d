package fence

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/host"
)

// Change is how an activity changes a site on a host: it opens the host, makes the change under the fence, and classes
// what goes wrong.
func Change(ctx context.Context, hosts host.Opener, t activities.Target, change func(context.Context, host.Host) error) error {
	h, err := hosts.Open(ctx, t.Host)
	if err != nil {
		return failing.On(t.Host, err)
	}
	run := activity.GetInfo(ctx).WorkflowExecution.RunID
	return failing.On(t.Host, Do(ctx, h, t, run, func(ctx context.Context) error { return change(ctx, h) }))
}
