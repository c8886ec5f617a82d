//go:build bench

package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/workflows"
)

// openAtOnce is how many deploys the worker has open.
const openAtOnce = 100

// openRequest is the id of each site's request.
const openRequest = "open"

// openDeploys measures the worker with a hundred deploys open: each of a site of its own, watching new containers stay
// healthy.
func openDeploys(t *testing.T, s *scene) []row {
	idle := s.resident(t)
	engine := s.Client()
	var sites []app.Site
	for i := range openAtOnce {
		project := s.Project(fmt.Sprintf("open%d", i))
		x := s.NewApp(openFiles(project, s.host.AppHost()))
		s.must(t, x.Dir, "deploy", "--detach", "--request-id", openRequest)
		sites = append(sites, app.Site{Org: app.DefaultOrg, Project: project, Name: "production"})
	}
	harness.Eventually(t, 10*time.Minute, func() error {
		for _, site := range sites {
			if err := watching(t, engine, site); err != nil {
				return err
			}
		}
		return nil
	})
	open := s.resident(t)
	for _, site := range sites {
		if err := engine.CancelWorkflow(t.Context(), workflows.RunID(site, app.RunDeploy, openRequest), ""); err != nil {
			t.Fatal(err)
		}
	}
	return []row{{fmt.Sprintf("resident memory of the worker with %d deploys open (with none)", openAtOnce),
		fmt.Sprintf("%d MB (%d MB)", open>>20, idle>>20), "300 MB"}}
}

// openFiles is a site with one plain service that has to stay healthy for longer than the measurement takes.
func openFiles(project string, on app.Host) map[string]string {
	files := harness.Files(project, project+".example", []app.Host{on})
	files["compose.yaml"] = `services:
  app:
    build: .
    x-longshore: { health: { stable_for: 1h } }
`
	return files
}

// watching says whether a site's deploy has come to the step that lasts.
func watching(t *testing.T, engine client.Client, site app.Site) error {
	t.Helper()
	description, err := engine.DescribeWorkflowExecution(t.Context(), workflows.RunID(site, app.RunDeploy, openRequest), "")
	if err != nil {
		return err
	}
	if status := description.GetWorkflowExecutionInfo().GetStatus(); status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		t.Fatalf("the deploy of %s has ended: %s", site, status)
	}
	for _, pending := range description.GetPendingActivities() {
		if pending.GetActivityType().GetName() == "AwaitStable" && pending.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED {
			return nil
		}
	}
	return fmt.Errorf("%s is not there yet", site)
}

// resident is the worker's resident memory, in bytes.
func (s *scene) resident(t *testing.T) int64 { return s.memory(t, "VmRSS") }

// forgetPeak has the worker's peak of resident memory counted from now on (clear_refs of proc(5)).
func (s *scene) forgetPeak(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(s.proc("clear_refs"), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

// peak is the most of it since forgetPeak.
func (s *scene) peak(t *testing.T) int64 { return s.memory(t, "VmHWM") }

func (s *scene) proc(file string) string {
	return "/proc/" + strconv.Itoa(s.worker.PID()) + "/" + file
}

// memory is a field of the worker's status, see proc(5), in bytes.
func (s *scene) memory(t *testing.T, field string) int64 {
	t.Helper()
	status, err := os.ReadFile(s.proc("status"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == field+":" {
			kB, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kB << 10
		}
	}
	t.Fatalf("the worker has no %s", field)
	return 0
}
