//go:build e2e

package supervise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// machine is the built programs with a state folder of their own. The worker is the stand-in in testdata.
type machine struct {
	t     *testing.T
	bin   string
	state string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, bin: t.TempDir(), state: t.TempDir()}
	for name, from := range map[string]string{"longshore": "../../starter", "longshore-worker": "./testdata/worker"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(m.bin, name), from).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	temporal, err := FindTemporal(m.state)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(TemporalVariable, temporal)
	t.Setenv(engine.StateVariable, m.state)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := Stop(ctx, m.state); err != nil {
			t.Error(err)
		}
	})
	return m
}

func (m *machine) run(args ...string) string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 2*time.Minute)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(m.bin, "longshore"), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		m.t.Fatalf("longshore %s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String()
}

// pid is the process of a program that was started last, as the supervisor's log has it.
func (m *machine) pid(name string) int {
	m.t.Helper()
	text, err := os.ReadFile(LogPath(m.state, "supervisor"))
	if err != nil {
		m.t.Fatal(err)
	}
	all := regexp.MustCompile("the "+name+` runs \(process (\d+)\)`).FindAllStringSubmatch(string(text), -1)
	if len(all) == 0 {
		m.t.Fatalf("the log has no %s:\n%s", name, text)
	}
	pid, err := strconv.Atoi(all[len(all)-1][1])
	if err != nil {
		m.t.Fatal(err)
	}
	return pid
}

func (m *machine) kill(pid int) {
	m.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		m.t.Fatal(err)
	}
}

// eventually asks until the answer is yes.
func (m *machine) eventually(what string, yes func() bool) {
	m.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if yes() {
			return
		}
	}
	m.t.Fatalf("in vain waited until %s", what)
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// TestEngineOutlivesEveryKill starts a run, then kills the worker, the engine and the supervisor, one after the other,
// and stops and starts them in order: the run ends as if nothing had been.
func TestEngineOutlivesEveryKill(t *testing.T) {
	m := newMachine(t)
	addresses := m.run("up", "-d")
	if again := m.run("up", "-d"); again != "already running\n"+addresses {
		t.Errorf("a second up says %q, want %q after already running", again, addresses)
	}
	c, err := engine.Dial(t.Context(), engine.Settings{State: m.state, Embedded: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	site := app.Site{Org: "default", Project: "shop", Name: "production"}
	started, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: workflows.RunID(site, app.RunDeploy, "1"), TaskQueue: workflows.TaskQueue},
		workflows.DeployName, workflows.DeployInput{Spec: app.Spec{Site: site, Source: app.Source{ID: "abc"}}, Order: workflows.Order{Why: "slow"}})
	if err != nil {
		t.Fatal(err)
	}

	for _, name := range []string{"worker", "engine"} {
		before := m.pid(name)
		m.kill(before)
		m.eventually("the "+name+" is started again", func() bool { return m.pid(name) != before })
	}

	status, err := Read(m.state)
	if err != nil || status.PID == 0 {
		t.Fatalf("no supervisor: %+v, %v", status, err)
	}
	m.kill(status.PID)
	for _, name := range []string{"worker", "engine"} {
		pid := m.pid(name)
		m.eventually(fmt.Sprintf("the %s has died with the supervisor", name), func() bool { return gone(pid) })
	}

	if after := m.run("up", "-d"); after != addresses {
		t.Errorf("after kill -9 the addresses are %q, want %q", after, addresses)
	}
	m.run("down")
	if gone(m.pid("engine")) != true || gone(m.pid("worker")) != true {
		t.Error("a program outlives down")
	}
	if after := m.run("up", "-d"); after != addresses {
		t.Errorf("after down the addresses are %q, want %q", after, addresses)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	again, err := engine.Dial(ctx, engine.Settings{State: m.state, Embedded: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var result app.Result
	if err := again.GetWorkflow(ctx, started.GetID(), started.GetRunID()).Get(ctx, &result); err != nil || result.Outcome != app.Succeeded {
		t.Errorf("the run ended with %q, %v", result.Outcome, err)
	}
}

func TestUpSaysWhyItCannotStart(t *testing.T) {
	m := newMachine(t)
	broken := filepath.Join(m.bin, "broken")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\necho no such flag >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(TemporalVariable, broken)
	out, err := exec.CommandContext(t.Context(), filepath.Join(m.bin, "longshore"), "up", "-d").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the engine does not stay up") || !strings.Contains(string(out), "no such flag") {
		t.Errorf("got %v, %s, want the reason and the end of the log", err, out)
	}
	if status, err := Read(m.state); err != nil || status.PID != 0 {
		t.Errorf("a supervisor is left behind: %+v, %v", status, err)
	}
}
