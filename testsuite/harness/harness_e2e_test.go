//go:build e2e

package harness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness/load"
)

func TestEngineKeepsItsDataThroughAKill(t *testing.T) {
	w := New(t)
	e := w.StartEngine()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	options := client.StartWorkflowOptions{ID: "kept", TaskQueue: "nobody-polls"}
	run, err := w.Client().ExecuteWorkflow(ctx, options, "nothing")
	if err != nil {
		t.Fatal(err)
	}
	before := e.PID()
	e.Kill()
	if e.Alive() {
		t.Fatal("the engine outlived kill -9")
	}
	e.Restart()
	if e.PID() == before {
		t.Error("the engine was not started again")
	}
	described, err := w.Client().DescribeWorkflowExecution(ctx, "kept", "")
	if err != nil || described.GetWorkflowExecutionInfo().GetExecution().GetRunId() != run.GetRunID() {
		t.Errorf("after the restart: %v, %v", described, err)
	}
}

func TestCLIRunsInTheWorldsOwnHome(t *testing.T) {
	w := New(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if out := w.Run(ctx, w.Home, "version"); out.Code != 0 || !strings.HasPrefix(out.Stdout, "longshore") {
		t.Error(out)
	}
	var version struct{ Version string }
	if err := w.Run(ctx, w.Home, "version", "-o", "json").Result(&version); err != nil || version.Version == "" {
		t.Errorf("%+v, %v", version, err)
	}
	if out := w.Run(ctx, w.Home, "no-such-command"); out.Code != 2 {
		t.Error(out)
	}
}

// The test app is deployed by hand here, to hold it to what the faults promise.
func TestTheTestApp(t *testing.T) {
	w := New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	a := w.NewApp(Files("testapp", "app.example", []app.Host{{Name: "here", Address: app.LocalAddress}}))
	first := a.Commit("nothing new")
	a.SetVersion("2")
	if second := a.Commit("nothing new"); second == first || len(second) < 7 {
		t.Errorf("commits are %s and %s", first, second)
	}
	const image = "longshore-harness-test:2"
	docker := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("docker %s: %v: %s", args[0], err, out)
		}
		return strings.TrimSpace(string(out))
	}
	docker("build", "--quiet", "--tag", image, a.Dir)
	t.Cleanup(func() { _ = exec.Command("docker", "image", "rm", "--force", image).Run() })
	start := func(environment ...string) (id, url string) {
		t.Helper()
		args := []string{"run", "--detach", "--label", "dev.longshore.test=app", "--publish", "127.0.0.1::3000"}
		for _, entry := range environment {
			args = append(args, "--env", entry)
		}
		id = docker(append(args, image)...)
		t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", id).Run() })
		port, _, _ := strings.Cut(docker("port", id, "3000"), "\n")
		return id, "http://" + port
	}
	status := func(url string) (int, error) {
		client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get(url)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	becomes := func(url string, want int) {
		t.Helper()
		Eventually(t, 10*time.Second, func() error {
			if got, err := status(url); err != nil || got != want {
				return fmt.Errorf("%s answers %d, %v, not %d", url, got, err, want)
			}
			return nil
		})
	}

	id, url := start()
	becomes(url+"/up", http.StatusOK)
	l, err := load.Start(ctx, load.Options{
		URL: url, Rate: 50, SlowFor: 100 * time.Millisecond,
		Connections: map[load.Kind]int{load.Get: 2, load.Post: 2, load.Slow: 1, load.WebSocket: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	Eventually(t, 20*time.Second, func() error {
		if l.Report().Made < 100 {
			return errors.New("the load is slow")
		}
		return nil
	})
	if report := l.Stop(); report.Lost != 0 || report.ByVersion["2"] != report.Made {
		t.Error(report)
	}
	docker("stop", "--time", "20", id)
	if code := docker("inspect", "--format", "{{.State.ExitCode}}", id); code != "0" {
		t.Errorf("the app ended with %s on SIGTERM", code)
	}

	_, url = start("HEALTH_FAIL_AFTER=1s")
	becomes(url+"/up", http.StatusOK)
	becomes(url+"/up", http.StatusServiceUnavailable)
	_, url = start("NEVER_HEALTHY=1")
	becomes(url+"/", http.StatusOK)
	becomes(url+"/up", http.StatusServiceUnavailable)
	for environment, code := range map[string]string{"EXIT_AT_START=7": "7", "DIE_AFTER=100ms": "3"} {
		id := docker("run", "--detach", "--label", "dev.longshore.test=app", "--env", environment, image)
		if got := docker("wait", id); got != code {
			t.Errorf("%s ended it with %s, not %s", environment, got, code)
		}
		docker("rm", id)
	}
}
