package container_test

import (
	"slices"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
)

// A removal stops what has served before it removes it, and kills all else.
func TestRemoveStopsWhatHasServed(t *testing.T) {
	for grace, want := range map[time.Duration][]string{
		0:               {"ContainerRemove"},
		5 * time.Second: {"ContainerStop", "ContainerRemove"},
	} {
		v := newVault(t)
		must(t, run(t, v.activities.Start, v.startInput(t)))
		v.ForgetOps()
		remove := activities.ContainersInput{Target: v.target, Names: []string{"web-1"}, Grace: grace}
		for range 2 {
			must(t, run(t, v.activities.Remove, remove))
		}
		var done []string
		for _, op := range v.Ops() {
			if slices.Contains([]string{"ContainerStop", "ContainerRemove", "ContainerKill"}, op.Name) {
				done = append(done, op.Name)
			}
		}
		if !slices.Equal(done, want) {
			t.Errorf("with %s of grace: %v", grace, done)
		}
	}
}
