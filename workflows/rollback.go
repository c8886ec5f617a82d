package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// Rollback brings an earlier release again: the one that is named, or the last that came through its watch, was not
// returned from, and is older in origin than the current one. It answers as Deploy does.
func Rollback(ctx workflow.Context, in RecordedInput) (app.Result, error) {
	f := newFromRecords(ctx, app.RunRollback, in)
	err := f.repeat(ctx, activities.RecallInput{Release: in.To, Stable: in.To == ""}, func() error { return nil })
	return f.end(ctx, err)
}
