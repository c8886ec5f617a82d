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
	"sync"
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
	d.expect(exit.Failure, "the engine knows no run of default/shop/production", "watch")
	d.expect(exit.OK, "is live after", "deploy")
	d.expect(exit.OK, "is live after", "watch")
	d.expect(exit.Failure, "no run of default/shop/production is under way", "cancel")
	d.expect(exit.Failure, "waits for no decision", "approve")
	failed := d.expect(exit.Clean, "web did not get healthy within 60s", "deploy", "--why", "fail", "--request-id", "bad")
	for _, part := range []string{"exit code 3", "| panic: no database", "Look at the log.", "/workflows/deploy%2Fdefault%2Fshop%2Fproduction%2Fbad/"} {
		if !strings.Contains(failed, part) {
			t.Errorf("a failed deploy does not say %q:\n%s", part, failed)
		}
	}
	d.expect(exit.Clean, "web did not get healthy within 60s", "deploy", "--request-id", "bad")
	d.expect(exit.Clean, "web did not get healthy within 60s", "watch", "deploy/default/shop/production/bad")
	d.expect(exit.Failure, "there is no such run", "watch", "worse")
	d.expect(exit.Usage, "is taken by deploy/default/shop/production/bad", "restart", "--request-id", "bad")
	d.expect(exit.Usage, "1 to 64 letters", "deploy", "--request-id", "not good")
	d.expect(exit.Usage, "give --yes", "remove")

	lines := strings.Split(strings.TrimSpace(d.expect(exit.OK, "", "rollback", "--to", "1-aaaaaaa", "-o", "json")), "\n")
	var first struct{ Event, URL string }
	var last struct {
		Outcome, Kind, Of string
		DurationMS        int64 `json:"duration_ms"`
	}
	if json.Unmarshal([]byte(lines[0]), &first) != nil || first.Event != "run-started" || first.URL == "" {
		t.Errorf("the first line is %s", lines[0])
	}
	if json.Unmarshal([]byte(lines[len(lines)-1]), &last) != nil || last.Outcome != "succeeded" || last.Kind != "rollback" || last.Of != "1-aaaaaaa" || last.DurationMS == 0 {
		t.Errorf("the last line is %s", lines[len(lines)-1])
	}
}

func TestDeployThatWaitsDetachedAndCancelled(t *testing.T) {
	d := newDesk(t)
	d.expect(exit.OK, "longshore cancel first --site production", "deploy", "--detach", "--why", "slow", "--request-id", "first")
	d.expect(exit.OK, "it waits for its turn, 1 ahead", "deploy", "--detach", "--request-id", "second")
	d.expect(exit.OK, "superseded second", "deploy", "--detach", "--supersede", "--request-id", "third")
	d.expect(exit.Refused, "a newer deploy took its place", "watch", "second")

	interrupted := func(at, say string, args ...string) {
		t.Helper()
		cmd, out := d.command(args...)
		both := &interrupter{process: func() *os.Process { return cmd.Process }, at: at, to: out}
		cmd.Stdout, cmd.Stderr = both, both
		_ = cmd.Run() // the exit code tells
		if got := exit.Code(cmd.ProcessState.ExitCode()); got != exit.Interrupted || !strings.Contains(out.String(), say) {
			t.Errorf("longshore %s, interrupted, ends with %d:\n%s", strings.Join(args, " "), got, out.String())
		}
	}
	interrupted("start ", "detached; the run goes on", "watch")
	interrupted("queued  1 ahead: deploy ", "detached; the request waits for its turn", "watch", "third")

	d.expect(exit.OK, "third has left the queue of default/shop/production", "cancel", "third")
	d.expect(exit.Clean, "cancelled default/shop/production", "watch", "third")
	d.expect(exit.OK, "asked deploy/default/shop/production/first to stop", "cancel")
	d.expect(exit.Clean, "cancelled default/shop/production after", "watch", "first")
	d.expect(exit.OK, "stopped", "down")
	d.expect(exit.Failure, "run longshore up -d", "deploy")
}

func TestFrozenAndDecided(t *testing.T) {
	d := newDesk(t)
	d.expect(exit.OK, "froze default/shop/production until", "freeze", "--until", "24h", "--why", "the sale")
	refused := d.expect(exit.Refused, "was frozen by", "deploy")
	for _, part := range []string{"the sale", "--break-freeze", "longshore thaw"} {
		if !strings.Contains(refused, part) {
			t.Errorf("a refused deploy does not say %q:\n%s", part, refused)
		}
	}
	d.expect(exit.OK, "is live after", "deploy", "--break-freeze")
	d.expect(exit.OK, "takes runs again", "thaw")

	for _, test := range []struct {
		word, said string
		code       exit.Code
	}{{"approve", "approved: it goes on", exit.OK}, {"reject", "rejected: it ends", exit.Refused}} {
		cmd, out := d.command("restart", "--why", "ask", "--request-id", test.word)
		asked := make(chan struct{})
		both := &signal{at: "longshore " + test.word + " " + test.word + " --site production", seen: asked, to: out}
		cmd.Stdout, cmd.Stderr = both, both
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-asked:
		case <-time.After(time.Minute):
			t.Fatal("the run does not ask")
		}
		d.expect(exit.OK, test.said, test.word)
		_ = cmd.Wait() // the exit code tells
		if got := exit.Code(cmd.ProcessState.ExitCode()); got != test.code || !strings.Contains(out.String(), "it is decided") {
			t.Errorf("a run answered by %s ends with %d:\n%s", test.word, got, out.String())
		}
	}
}

// signal tells that a text was printed.
type signal struct {
	at   string
	seen chan struct{}
	to   *bytes.Buffer
	once sync.Once
}

func (s *signal) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	if strings.Contains(s.to.String(), s.at) {
		s.once.Do(func() { close(s.seen) })
	}
	return n, err
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
