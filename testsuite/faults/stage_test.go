//go:build e2e || soak

package faults

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/harness/load"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// stage is a host with a site on it, and all that deploys to it. Tests of one stage run one after the other.
type stage struct {
	world  *harness.World
	host   *hosts.Host
	engine *harness.Engine
	worker *harness.Process
	app    *harness.App
	client client.Client
	site   app.Site
	// version is the app's, as last committed.
	version int
	// asked counts the requests to the site.
	asked int
	// release is that of the last deploy that has ended well.
	release string
	// steps are how often an undisturbed deploy schedules each activity.
	steps map[string]int
}

const routeHost = "faults.example"

// compose is an app whose deploy goes through every kind of step: a plain service that is stopped before the next one
// starts, a release command, and a routed service in two replicas.
const compose = `services:
  db:
    build: .
    volumes: [data:/data]
    stop_grace_period: 2s
    x-longshore:
      health: { stable_for: 200ms }
  web:
    build: .
    depends_on: [db]
    environment: [RELEASE_TAKES=300ms%s]
    deploy: { replicas: 2 }
    stop_grace_period: 5s
    x-longshore:
      route: { hosts: [` + routeHost + `], port: 3000 }
      health: { path: /up, within: 15s, stable_for: 500ms, interval: 100ms }
      drain: 10s
      release: [/testapp, release]
volumes:
  data: {}
`

// containers are how many of the site run when nothing goes on.
const containers = 3

// stepsOfRedeploy are the activities of a deploy over another, in about their order.
var stepsOfRedeploy = []string{
	"Observe", "TakeFence", "PickBuilder", "Build", "Transfer", "EnsureEdge", "Prepare", "Stop", "Start", "AwaitHealthy",
	"RunReleaseCommand", "AwaitStable", "Switch", "Prove", "Record", "Drain", "Remove", "Prune", "PruneBuilds",
}

// stepsOverSSH are those of them that reach the host.
func stepsOverSSH() []string {
	return slices.DeleteFunc(slices.Clone(stepsOfRedeploy), func(step string) bool {
		return step == "PickBuilder" || step == "Build" || step == "PruneBuilds"
	})
}

// set makes a stage on which two versions were deployed without any fault.
func set(t *testing.T) *stage {
	t.Helper()
	s := empty(t, fmt.Sprintf(compose, ""))
	s.begin(t).succeeds(t)
	second := s.begin(t)
	s.steps = scheduled(second.run.Follow(t, nil))
	second.succeeds(t)
	for _, step := range stepsOfRedeploy {
		if s.steps[step] == 0 {
			t.Fatalf("a deploy has no step %s: %v", step, s.steps)
		}
	}
	if len(s.steps) != len(stepsOfRedeploy) {
		t.Fatalf("a deploy has other steps than %v: %v", stepsOfRedeploy, s.steps)
	}
	return s
}

// empty makes a stage on which nothing was deployed yet, with an app of this compose file; none for the app of
// harness.Files.
func empty(t *testing.T, compose string, options ...hosts.Option) *stage {
	t.Helper()
	w, h := harness.New(t), hosts.Start(t, options...)
	w.Trust(h)
	s := &stage{world: w, host: h, engine: w.StartEngine(), worker: w.StartWorker("worker"), client: w.Client()}
	project := w.Project("faults")
	s.site = app.Site{Org: app.DefaultOrg, Project: project, Name: "production"}
	files := harness.Files(project, routeHost, []app.Host{h.AppHost()})
	if compose != "" {
		files["compose.yaml"] = compose
	}
	s.app = w.NewApp(files)
	return s
}

// breakApp has the versions from now on exit at once, or not.
func (s *stage) breakApp(t *testing.T, broken bool) {
	t.Helper()
	entry := ""
	if broken {
		entry = ", EXIT_AT_START=7"
	}
	s.app.Write("compose.yaml", fmt.Sprintf(compose, entry))
}

// underLoad runs f while requests of every kind are made, and wants none of them lost.
func (s *stage) underLoad(t *testing.T, f func()) {
	t.Helper()
	report := s.loaded(t, f)
	if report.Lost != 0 {
		t.Errorf("requests were lost: %s", report)
	}
	for kind, count := range report.ByKind {
		if count.Made == 0 {
			t.Errorf("no %s was made", kind)
		}
	}
	t.Logf("%s", report)
}

// loaded runs f under load, and reports.
func (s *stage) loaded(t *testing.T, f func()) load.Report {
	t.Helper()
	traffic, err := load.Start(t.Context(), load.Options{
		URL: s.host.URL(), Host: routeHost, Rate: 40, SlowFor: slowFor,
		Connections: map[load.Kind]int{load.Get: 2, load.Post: 2, load.Slow: 1, load.WebSocket: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer traffic.Stop()
	f()
	return traffic.Stop()
}

const slowFor = time.Second

// serving is the version that answers a request to the site.
func (s *stage) serving(t *testing.T) (string, error) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.host.URL(), nil)
	if err != nil {
		return "", err
	}
	request.Host, request.Close = routeHost, true
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("answered %s: %s", answer.Status, body)
	}
	return strings.TrimSpace(string(body)), nil
}
