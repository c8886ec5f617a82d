//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/testsuite/harness"
)

// event is a line of `deploy -o json`.
type event struct {
	Event, Step string
	Ahead       int
}

// events are those that a deploy has printed so far.
func events(c *harness.Command) []event {
	var out []event
	for line := range strings.Lines(c.Stdout()) {
		var e event
		if json.Unmarshal([]byte(line), &e) == nil && e.Event != "" {
			out = append(out, e)
		}
	}
	return out
}

// waits waits until a run's command has said how many requests are ahead.
func waits(t *testing.T, c *harness.Command, ahead int) {
	t.Helper()
	harness.Eventually(t, patience, func() error {
		for _, e := range events(c) {
			if e.Event == "queued" && e.Ahead == ahead {
				return nil
			}
		}
		return fmt.Errorf("it does not wait behind %d: %s", ahead, c.Stdout())
	})
}

// reaches waits until a deploy has begun a step.
func reaches(t *testing.T, c *harness.Command, step string) {
	t.Helper()
	harness.Eventually(t, patience, func() error {
		for _, e := range events(c) {
			if e.Event == "step-started" && e.Step == step {
				return nil
			}
		}
		return fmt.Errorf("the deploy has not come to %s: %s", step, c.Stdout())
	})
}
