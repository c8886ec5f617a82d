//go:build e2e || soak

package faults

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/workflows"
)

// patience bounds what a run may take after its last fault: several heartbeat timeouts, on a busy machine.
const patience = 3 * time.Minute

// deploy is one `longshore deploy`, or another command that asks the site for a run, and that run.
type deploy struct {
	*stage
	command *harness.Command
	run     harness.Execution
	began   time.Time
}

// begin commits another version, starts its deploy and waits until its run has begun.
func (s *stage) begin(t *testing.T) *deploy {
	t.Helper()
	s.version++
	s.app.SetVersion(strconv.Itoa(s.version))
	return s.beginSame(t)
}

// beginSame starts a deploy of what is committed, and waits until its run has begun.
func (s *stage) beginSame(t *testing.T) *deploy {
	t.Helper()
	return s.ask(t, app.RunDeploy)
}

// ask starts the command that is named as a kind of run, and waits until the run has begun.
func (s *stage) ask(t *testing.T, kind app.RunKind, flags ...string) *deploy {
	t.Helper()
	s.asked++
	request := strconv.Itoa(s.asked)
	d := &deploy{stage: s, began: time.Now()}
	d.run = harness.Execution{Client: s.client, ID: workflows.RunID(s.site, kind, request), Patience: patience}
	d.command = s.world.Start(s.app.Dir, append([]string{string(kind), "-o", "json", "--request-id", request}, flags...)...)
	harness.Eventually(t, time.Minute, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		answer, err := s.client.DescribeWorkflowExecution(ctx, d.run.ID, "")
		if err != nil {
			return fmt.Errorf("the run has not begun: %w: %s", err, d.command.Stderr())
		}
		d.run.Run = answer.GetWorkflowExecutionInfo().GetExecution().GetRunId()
		return nil
	})
	return d
}

// result waits for the command's end and wants an exit code and an outcome of it.
func (d *deploy) result(t *testing.T, code int, outcome app.Outcome) app.Result {
	t.Helper()
	result, out := d.ended(t)
	if out.Code != code || result.Outcome != outcome {
		t.Fatalf("it ended %s (exit code %d), not %s (%d): %s", result.Outcome, out.Code, outcome, code, out)
	}
	return result
}

// ended waits for the command's end.
func (d *deploy) ended(t *testing.T) (app.Result, harness.Output) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := d.command.Wait(ctx)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var result app.Result
	if err := out.Result(&result); err != nil {
		t.Fatal(err)
	}
	return result, out
}

// succeeds waits for the run's end, and wants the new release to serve, the host in order, and nothing done twice.
func (d *deploy) succeeds(t *testing.T) {
	t.Helper()
	result := d.result(t, 0, app.Succeeded)
	d.stage.release = result.Release
	d.inOrder(t)
	d.doneOnce(t)
}

// doneOnce wants what an undisturbed deploy does: each step scheduled as often, and each container of the release
// started once.
func (d *deploy) doneOnce(t *testing.T) {
	t.Helper()
	if d.steps != nil {
		sameSteps(t, d.run.Follow(t, nil), d.steps)
	}
	starts, err := d.starts(t, d.release, d.began)
	if err != nil {
		t.Fatal(err)
	}
	if len(starts) != containers+1 { // and the release command
		t.Errorf("containers were started: %v", starts)
	}
	for name, n := range starts {
		if n != 1 {
			t.Errorf("container %s was started %d times", name, n)
		}
	}
}

// inOrder wants the host to have the stage's release, whole, and nothing else of the site.
func (s *stage) inOrder(t *testing.T) {
	t.Helper()
	s.servesStill(t, s.version)
}

// servesStill is inOrder where the newest version has failed and an older one serves.
func (s *stage) servesStill(t *testing.T, version int) {
	t.Helper()
	want := strconv.Itoa(version)
	for range 10 {
		if got, err := s.serving(t); err != nil || got != want {
			t.Fatalf("version %q serves (%v), not %s", got, err, want)
		}
	}
	s.holds(t, s.release)
}

// holds wants the host to run and record a release and nothing else of the site.
func (s *stage) holds(t *testing.T, release string) {
	t.Helper()
	current, err := s.host.ReadFile(t.Context(), s.stateDir()+"/current")
	if err != nil || current != release {
		t.Errorf("the current release is %q (%v), not %q", current, err, release)
	}
	record, err := s.record(t, release)
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.containers(t)
	if err != nil {
		t.Fatal(err)
	}
	running, commands := 0, 0
	for _, c := range found {
		switch {
		case c.release == release && c.role == app.RoleReleaseCommand && c.state == "exited":
			commands++ // kept, so that a reset does not repeat it
		case c.release != release || c.role != app.RoleService || c.state != "running":
			t.Errorf("left over: %+v", c)
		case c.imageID != record.Images[c.service].ID:
			t.Errorf("%+v does not run the recorded image %s", c, record.Images[c.service].ID)
		default:
			running++
		}
	}
	wanted := 1
	if record.Of != "" {
		wanted = 0 // only a deploy from files runs one
	}
	if running != containers || commands != wanted {
		t.Errorf("%d containers run, not %d, and %d release commands are kept, not %d: %+v", running, containers, commands, wanted, found)
	}
}

// terminate ends the run as the web UI's button does: nothing is undone.
func (d *deploy) terminate(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := d.client.TerminateWorkflow(ctx, d.run.ID, d.run.Run, "a test"); err != nil {
		t.Fatal(err)
	}
	out, err := d.command.Wait(ctx)
	if err == nil && out.Code == 0 {
		err = errors.New("a terminated run has ended well")
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
