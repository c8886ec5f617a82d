//go:build e2e

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/supervise"
)

// desk is a person's machine: the program, a stand-in for the worker, an engine that runs, and a project.
type desk struct {
	t       *testing.T
	program string
	project string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	bin, state := t.TempDir(), t.TempDir()
	for name, from := range map[string]string{"longshore": ".", "longshore-worker": "./supervise/testdata/worker"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, name), from).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	temporal, err := supervise.FindTemporal(state)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(supervise.TemporalVariable, temporal)
	t.Setenv("LONGSHORE_STATE", state)
	// Other tests start engines at the same time: each has ports of its own instead of the usual ones.
	for name, port := range freePorts(t, "LONGSHORE_ENGINE_PORT", "LONGSHORE_ENGINE_UI_PORT", "LONGSHORE_ENGINE_CODEC_PORT") {
		t.Setenv(name, port)
	}
	d := &desk{t: t, program: filepath.Join(bin, "longshore"), project: filepath.Join(t.TempDir(), "shop")}
	if err := os.Mkdir(d.project, 0o755); err != nil {
		t.Fatal(err)
	}
	d.expect(exit.OK, "", "init")
	d.expect(exit.OK, "engine ", "up", "-d")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := supervise.Stop(ctx, state); err != nil {
			t.Error(err)
		}
	})
	return d
}

// freePorts finds a port for each name.
func freePorts(t *testing.T, names ...string) map[string]string {
	t.Helper()
	ports := map[string]string{}
	for _, name := range names {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		_, ports[name], _ = net.SplitHostPort(listener.Addr().String()) // an address of a listener has a port
	}
	return ports
}

func (d *desk) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	d.t.Cleanup(cancel)
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, d.program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = d.project, &out, &out
	return cmd, &out
}

// expect runs a command to its end and holds it to an exit code and a part of what it prints.
func (d *desk) expect(code exit.Code, part string, args ...string) string {
	d.t.Helper()
	cmd, out := d.command(args...)
	_ = cmd.Run() // the exit code tells
	if got := exit.Code(cmd.ProcessState.ExitCode()); got != code || !strings.Contains(out.String(), part) {
		d.t.Fatalf("longshore %s ends with %d, want %d and %q in:\n%s", strings.Join(args, " "), got, code, part, out.String())
	}
	return out.String()
}

func TestDeployFromStartToEnd(t *testing.T) {
	d := newDesk(t)
	d.expect(exit.Failure, "the engine knows no deploy", "watch")
	d.expect(exit.OK, "is live after", "deploy")
	d.expect(exit.OK, "is live after", "watch")
	d.expect(exit.Failure, "no deploy of default/shop/production is going on", "cancel")
	failed := d.expect(exit.Clean, "web did not get healthy within 60s", "deploy", "--why", "fail")
	for _, part := range []string{"exit code 3", "| panic: no database", "Look at the log.", "/workflows/deploy%2Fdefault%2Fshop%2Fproduction/"} {
		if !strings.Contains(failed, part) {
			t.Errorf("a failed deploy does not say %q:\n%s", part, failed)
		}
	}

	lines := strings.Split(strings.TrimSpace(d.expect(exit.OK, "", "deploy", "-o", "json")), "\n")
	var first struct{ Event string }
	var last struct {
		Outcome    string
		DurationMS int64 `json:"duration_ms"`
	}
	if json.Unmarshal([]byte(lines[0]), &first) != nil || first.Event != "run-started" {
		t.Errorf("the first line is %s", lines[0])
	}
	if json.Unmarshal([]byte(lines[len(lines)-1]), &last) != nil || last.Outcome != "succeeded" || last.DurationMS == 0 {
		t.Errorf("the last line is %s", lines[len(lines)-1])
	}
}

func TestDeployThatIsBusyDetachedAndCancelled(t *testing.T) {
	d := newDesk(t)
	d.expect(exit.OK, "longshore cancel --site production", "deploy", "--detach", "--why", "slow")
	d.expect(exit.Refused, "another deploy of default/shop/production is going on, since ", "deploy")

	watch, out := d.command("watch")
	both := &interrupter{process: func() *os.Process { return watch.Process }, at: "start ", to: out}
	watch.Stdout, watch.Stderr = both, both
	_ = watch.Run() // the exit code tells
	if got := exit.Code(watch.ProcessState.ExitCode()); got != exit.Interrupted || !strings.Contains(out.String(), "detached; the run goes on") {
		t.Errorf("an interrupted watch ends with %d:\n%s", got, out.String())
	}

	d.expect(exit.OK, "asked the deploy of default/shop/production to stop", "cancel")
	d.expect(exit.Clean, "cancelled default/shop/production", "watch")
	d.expect(exit.OK, "stopped", "down")
	d.expect(exit.Failure, "run longshore up -d", "deploy")
}

// interrupter sends a Ctrl-C to a process once it prints a text.
type interrupter struct {
	process func() *os.Process
	at      string
	to      *bytes.Buffer
}

func (i *interrupter) Write(p []byte) (int, error) {
	if strings.Contains(string(p), i.at) {
		_ = i.process().Signal(os.Interrupt)
	}
	return i.to.Write(p)
}
