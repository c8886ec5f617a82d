package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// Remove stops a site, and then removes all of it: containers, networks, images and records, and its volumes only where
// they are asked for. A site of which nothing is left is unchanged. It answers as Deploy does.
func Remove(ctx workflow.Context, in StopInput) (app.Result, error) {
	s := newStopping(ctx, app.RunRemove, in)
	return s.end(ctx, s.run(ctx))
}
