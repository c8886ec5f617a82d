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
	err := f.repeat(ctx, activities.RecallInput{Release: in.To, Stable: in.To == ""}, f.warnOfIrreversible)
	return f.end(ctx, err)
}

// warnOfIrreversible tells whoever goes back that a release may not find what it needs any more. To try it is their
// decision: nothing else would have them ask for a rollback.
func (f *fromRecords) warnOfIrreversible() error {
	for _, h := range f.hosts {
		for _, id := range f.recalled[h.host.Name].Irreversible {
			f.note(id + " is marked as irreversible: " + f.record.ID + " may not work with what it has changed.")
		}
	}
	return nil
}
