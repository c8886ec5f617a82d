//go:build e2e || soak

package secrets

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/workflows"
)

// rotation is a rotation of the database's address under way, and the command that follows it.
type rotation struct {
	*stage
	command *harness.Command
	run     harness.Execution
}

// begin asks for a rotation and waits until it has begun.
func (s *stage) begin(flags ...string) *rotation {
	s.t.Helper()
	line := app.SecretLine{Name: "DATABASE_URL", Scope: app.SecretScope{Of: app.DefaultOrg + "/" + s.name}}
	r := &rotation{stage: s, run: harness.Execution{Client: s.client, ID: workflows.RotateSecretID(line), Patience: patience}}
	before := r.newest()
	r.command = s.world.Start(s.app.Dir, append([]string{"secret", "rotate", line.Name, "-o", "json"}, flags...)...)
	harness.Eventually(s.t, time.Minute, func() error {
		if r.run.Run = r.newest(); r.run.Run == before {
			return fmt.Errorf("the rotation has not begun: %s", r.command.Stderr())
		}
		return nil
	})
	return r
}

// newest is the run id of the newest rotation; empty for none.
func (r *rotation) newest() string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	answer, err := r.client.DescribeWorkflowExecution(ctx, r.run.ID, "")
	if _, none := errors.AsType[*serviceerror.NotFound](err); err != nil && !none {
		r.t.Fatal(err)
	}
	return answer.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

// blows are what happens at steps of an execution, each as soon as the step is under way: at an activity by its name, with
// " 2" behind it for its second time, and at the soak's timer.
type blows map[string]func()

// soaks is the step of a rotation at which both versions are good.
const soaks = "the soak"

// struck follows the rotation to its end, and strikes.
func (r *rotation) struck(at blows) {
	r.t.Helper()
	r.strike(r.run, at)
}

// inRun is a blow at the step RotateSite: it follows the nth run that a site was asked for to its end, and strikes.
func (r *rotation) inRun(site, nth int, at blows) func() {
	return func() {
		r.t.Helper()
		r.strike(r.siteRun(site, nth), at)
	}
}

// siteRun is the nth run that a site was asked for.
func (r *rotation) siteRun(site, nth int) harness.Execution {
	id := workflows.RunID(r.site(site), app.RunRotate, fmt.Sprintf("%s-%d", r.run.Run, nth))
	return harness.Execution{Client: r.client, ID: id, Patience: patience}
}

func (r *rotation) strike(e harness.Execution, at blows) {
	r.t.Helper()
	seen := map[string]int{}
	e.Follow(r.t, func(event *historypb.HistoryEvent) bool {
		step := stepOf(event, seen)
		blow := at[step]
		if blow == nil {
			return true
		}
		delete(at, step)
		activity := event.GetActivityTaskScheduledEventAttributes()
		under := activity == nil || e.Underway(r.t, activity.GetActivityId())
		r.t.Logf("%s: strike at %s, under way: %t", time.Now().Format("15:04:05.000"), step, under)
		blow()
		return true
	})
	for step := range at {
		r.t.Errorf("%s was never struck at %s", e.ID, step)
	}
}

// stepOf is the step that begins with an event, empty for none. It counts those seen.
func stepOf(e *historypb.HistoryEvent, seen map[string]int) string {
	step := e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()
	if timer := e.GetTimerStartedEventAttributes(); timer != nil {
		step = soaks
	}
	if step == "" {
		return ""
	}
	if seen[step]++; seen[step] > 1 {
		step = fmt.Sprintf("%s %d", step, seen[step])
	}
	return step
}

// ends waits for the command's end, and wants an outcome with its exit code, and the state that it tells of.
func (r *rotation) ends(outcome app.Outcome) app.RotationResult {
	r.t.Helper()
	result, out := r.ended()
	if result.Outcome != outcome || out.Code != int(exit.ForOutcome(outcome)) {
		r.t.Fatalf("the rotation ended with %s, not %s", out, outcome)
	}
	good, ended := result.Old, result.New
	switch {
	case outcome == app.Succeeded:
		good, ended = result.New, result.Old
	case good == "": // it has made no version
		good = r.is(app.VersionCurrent)
	}
	if result.Revoked != (outcome == app.Succeeded) {
		r.t.Errorf("it tells that the old version is revoked: %t: %s", result.Revoked, out)
	}
	for _, told := range result.Sites {
		if told.Version != good {
			r.t.Errorf("it tells of %+v, not of version %s", told, good)
		}
	}
	r.good(good, ended)
	return result
}

// ended waits for the command's end.
func (r *rotation) ended() (app.RotationResult, harness.Output) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	out, err := r.command.Wait(ctx)
	if err != nil {
		r.t.Fatalf("%v\n%s", err, out)
	}
	var result app.RotationResult
	if err := out.Result(&result); err != nil {
		r.t.Fatal(err)
	}
	return result, out
}

// good wants a version of the database's address to be the one that counts, and another one to have ended: in the store, in
// the apps of every site and in their databases. ended is empty for none.
func (s *stage) good(version, ended string) {
	s.t.Helper()
	for number, state := range s.states() {
		right := state == app.VersionRevoked || state == app.VersionPrevious && number != ended
		if number == version {
			right = state == app.VersionCurrent
		}
		if !right {
			s.t.Errorf("in the store version %s is %s, where %s is to be current and %q revoked", number, state, version, ended)
		}
	}
	address := s.value("DATABASE_URL", version)
	parsed, err := url.Parse(address)
	if err != nil {
		s.t.Fatal("the address of the database is no URL") // the error would show it
	}
	for site, name := range s.project.sites {
		s.runs(site, version, parsed.User.Username())
		if !s.admits(site, address) {
			s.t.Errorf("%s: the database refuses version %s", name, version)
		}
		if ended != "" && s.admits(site, s.value("DATABASE_URL", ended)) {
			s.t.Errorf("%s: the database admits version %s", name, ended)
		}
	}
}

// states are those of the address's versions in the store.
func (s *stage) states() map[string]app.VersionState {
	s.t.Helper()
	var history struct {
		Versions []store.Version `json:"versions"`
	}
	out := s.run("secret", "history", "DATABASE_URL", "-o", "json")
	if err := out.Result(&history); err != nil {
		s.t.Fatal(err)
	}
	states := map[string]app.VersionState{}
	for _, v := range history.Versions {
		states[fmt.Sprint(v.Number)] = v.State
	}
	return states
}

// is finds the version that is in a state; empty for none.
func (s *stage) is(state app.VersionState) string {
	s.t.Helper()
	for version, have := range s.states() {
		if have == state {
			return version
		}
	}
	return ""
}

// terminate ends the rotation as the web UI's button does: nothing is undone.
func (r *rotation) terminate() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	if err := r.client.TerminateWorkflow(ctx, r.run.ID, r.run.Run, "a test"); err != nil {
		r.t.Fatal(err)
	}
}

// cancel asks the rotation under way to go back, and wants to be told whether it is too late for that.
func (s *stage) cancel(late bool) {
	s.t.Helper()
	out := s.run("secret", "cancel", "DATABASE_URL")
	if out.Code != 0 || strings.Contains(out.Stdout, "goes forward") != late {
		s.t.Errorf("the cancel, late: %t, ended with %s", late, out)
	}
}

// held does something while a host is silent, so that what is under way there stays so.
func (s *stage) held(site int, f func()) func() {
	return func() {
		s.t.Helper()
		s.hosts[site].Link.Stall()
		defer s.hosts[site].Link.Restore()
		f()
	}
}

// site is a site's full name.
func (s *stage) site(i int) app.Site {
	return app.Site{Org: app.DefaultOrg, Project: s.name, Name: s.project.sites[i]}
}

// in is the stage for a part of the test.
func (s *stage) in(t *testing.T) *stage {
	part := *s
	part.t = t
	return &part
}
