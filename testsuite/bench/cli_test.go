//go:build bench

package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/workflows"
)

const starts = 21

// version measures a start of the CLI that does nothing else.
func version(t *testing.T, s *scene) []row {
	var took []time.Duration
	for range starts {
		took = append(took, s.must(t, t.TempDir(), "version"))
	}
	slices.Sort(took)
	return []row{{"`longshore version`, median of 21 (slowest)", fmt.Sprintf("%s (%s)", short(took[starts/2]), short(took[starts-1])), "50 ms"}}
}

// firstStep measures from the start of the command to the start of the run's first activity, by the engine's clock,
// which is this machine's.
func firstStep(t *testing.T, s *scene) []row {
	project := s.Project("first")
	x := s.NewApp(harness.Files(project, "first.example", []app.Host{s.host.AppHost()}))
	site := app.Site{Org: app.DefaultOrg, Project: project, Name: "production"}
	s.must(t, x.Dir, "deploy")
	var took []time.Duration
	for i := range 5 {
		request := fmt.Sprintf("first-%d", i)
		start := time.Now()
		s.must(t, x.Dir, "deploy", "--request-id", request)
		history := s.Client().GetWorkflowHistory(t.Context(), workflows.RunID(site, app.RunDeploy, request), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			event, err := history.Next()
			if err != nil {
				t.Fatal(err)
			}
			if event.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED {
				took = append(took, event.GetEventTime().AsTime().Sub(start))
				break
			}
		}
	}
	slices.Sort(took)
	return []row{{"`deploy` to the workflow's first step, median of 5", short(took[len(took)/2]), "200 ms"}}
}

func short(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return d.Round(100 * time.Millisecond).String()
}
