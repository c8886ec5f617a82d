package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// Repair brings the current release wherever a host differs from it: where containers ended, went missing or were changed
// by hand, where the edge leads elsewhere, and on hosts that a partial run left behind or that are new. Where nothing
// differs, nothing is done. It answers as Deploy does.
func Repair(ctx workflow.Context, in RecordedInput) (app.Result, error) {
	f := newFromRecords(ctx, app.RunRepair, in)
	err := f.repeat(ctx, activities.RecallInput{}, f.refuseStopped)
	return f.end(ctx, err)
}

// Start brings the current release after a stop. It answers as Deploy does.
func Start(ctx workflow.Context, in RecordedInput) (app.Result, error) {
	f := newFromRecords(ctx, app.RunStart, in)
	err := f.repeat(ctx, activities.RecallInput{}, func() error { return nil })
	return f.end(ctx, err)
}
