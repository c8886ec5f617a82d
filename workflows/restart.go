package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// Restart brings the current release in new containers: of the services that are named, or of all. It answers as Deploy
// does.
func Restart(ctx workflow.Context, in RecordedInput) (app.Result, error) {
	f := newFromRecords(ctx, app.RunRestart, in)
	err := f.repeat(ctx, activities.RecallInput{}, f.chooseRestarts)
	return f.end(ctx, err)
}

func (f *fromRecords) chooseRestarts() error {
	if err := f.refuseStopped(); err != nil {
		return err
	}
	for _, name := range f.asked.Services {
		if _, err := f.service(name); err != nil {
			return err
		}
	}
	f.restarts = f.asked.Services
	if len(f.restarts) == 0 {
		for _, s := range f.record.Spec.Services {
			f.restarts = append(f.restarts, s.Name)
		}
	}
	return nil
}
