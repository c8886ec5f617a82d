package workflows_test

import (
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// New containers of a failed run that have served are stopped as they ask for; others are killed.
func TestUndoingStopsWhatHasServed(t *testing.T) {
	for step, served := range map[string]bool{activities.AwaitStable.Name: false, activities.Prove.Name: true} {
		t.Run(step, func(t *testing.T) {
			d := world("web-1")
			want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
			spec := memory.Change(d.everythingChanges("bbb", "web-1"), "web", func(s *app.Service) { s.Container.StopGrace = time.Minute })
			removed := map[string]time.Duration{}
			ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
				if a.Step == step {
					return nil, broken(step)
				}
				if in, ok := a.In.(activities.ContainersInput); ok && a.Step == activities.Remove.Name {
					removed[in.Service] = in.Grace
				}
				return a.Work()
			}})
			want(t, ended, app.FailedClean)
			web, db := time.Duration(0), time.Duration(0)
			if served {
				web, db = time.Minute, 10*time.Second
			}
			if removed["new web"] != web || removed["new db"] != db || len(removed) < 2 {
				t.Errorf("removed with a grace: %v", removed)
			}
		})
	}
}
