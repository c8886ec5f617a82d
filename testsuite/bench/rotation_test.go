//go:build bench

package bench

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

const (
	// rotatedSites is how many sites of one host share the value.
	rotatedSites = 20
	// atOnce is how many sites a rotation rolls at once, and how many are restarted at once beside it.
	atOnce = 8
)

// TestBenchRotation measures the rotation of one value that the sites of a host inherit from their project, beside a
// restart of all of them, which replaces the same containers by the same path.
func TestBenchRotation(t *testing.T) {
	s := &scene{World: harness.New(t), host: hosts.Start(t)}
	s.Trust(s.host)
	s.StartEngine()
	s.worker = s.StartWorker("worker")
	x, sites := s.sharingSites(t)
	engine := s.Client()

	begin := time.Now()
	s.restartAll(t, x, sites)
	restart, restartSteps := time.Since(begin), steps(t, engine, begin)

	begin = time.Now()
	out := s.Run(t.Context(), x.Dir, "secret", "rotate", "SHARED", "--soak", "0s", "-o", "json")
	rotation, rotationSteps := time.Since(begin), steps(t, engine, begin)
	var result app.RotationResult
	if err := out.Result(&result); err != nil || result.Outcome != app.Succeeded || len(result.Sites) != rotatedSites {
		t.Fatalf("%v: %s", err, out)
	}
	text := fmt.Sprintf("\n| what | measured | wanted |\n|---|---|---|\n| rotation of a value that %d sites of one host share, beside a restart of all of them, %d at once | "+
		"%.1f s, %d steps; %.1f s, %d steps: **%.2f times as long** | |\n",
		rotatedSites, atOnce, rotation.Seconds(), rotationSteps, restart.Seconds(), restartSteps, rotation.Seconds()/restart.Seconds())
	if _, err := os.Stdout.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// sharingSites deploys the sites of a project, each with a route and two replicas that have the shared value.
func (s *scene) sharingSites(t *testing.T) (*harness.App, []string) {
	t.Helper()
	on := s.host.AppHost()
	files := harness.Files(s.Project("shared"), "\"${ROUTE}\"", []app.Host{on})
	files["compose.yaml"] = strings.Replace(files["compose.yaml"], "stable_for: 500ms", "stable_for: 0s", 1)
	files["compose.yaml"] = strings.Replace(files["compose.yaml"], "    x-longshore:\n", "    x-longshore:\n      secrets: [SHARED]\n", 1)
	project, _, _ := strings.Cut(files["longshore.yml"], "sites:\n")
	project += "sites:\n"
	var sites []string
	for i := range rotatedSites {
		site := fmt.Sprintf("site%d", i)
		sites = append(sites, site)
		project += fmt.Sprintf("  %s: { hosts: [%s] }\n", site, on.Name)
	}
	files["longshore.yml"] = project
	x := s.NewApp(files)
	s.Setenv("ROUTE", "shared.example")
	s.must(t, x.Dir, "secret", "generate", "SHARED")
	x.Commit("the secret")
	for _, site := range sites {
		s.Setenv("ROUTE", site+".example")
		s.must(t, x.Dir, "deploy", "--site", site)
	}
	return x, sites
}

// restartAll restarts all sites, as many at once as a rotation does.
func (s *scene) restartAll(t *testing.T, x *harness.App, sites []string) {
	t.Helper()
	free := make(chan struct{}, atOnce)
	var restarts sync.WaitGroup
	for _, site := range sites {
		free <- struct{}{}
		c := s.Start(x.Dir, "restart", "--site", site)
		restarts.Go(func() {
			defer func() { <-free }()
			if out, err := c.Wait(t.Context()); err != nil || out.Code != 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	restarts.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// steps counts the activities of all runs and rotations that began after a time.
func steps(t *testing.T, engine client.Client, since time.Time) int {
	t.Helper()
	count := 0
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf("StartTime > %q", since.UTC().Format(time.RFC3339Nano))}
	for {
		page, err := engine.ListWorkflow(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range page.GetExecutions() {
			id := run.GetExecution()
			events := engine.GetWorkflowHistory(t.Context(), id.GetWorkflowId(), id.GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for events.HasNext() {
				event, err := events.Next()
				if err != nil {
					t.Fatal(err)
				}
				if event.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
					count++
				}
			}
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return count
		}
	}
}
