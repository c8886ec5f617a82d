package workflows_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// call is one call of a rotation, whatever goes on beside it.
type call struct {
	step, at string
	nth      int
}

func (c call) String() string { return fmt.Sprintf("%s %s %d", c.step, c.at, c.nth) }

// callOf is the call that an attempt belongs to.
func callOf(a *memory.Attempt) call {
	at := a.Host
	switch in := a.In.(type) {
	case activities.RotateSiteInput: // sites roll at once, in any order
		return call{step: a.Step, at: in.Site.Name + " to " + in.Secrets[0].Version + " by " + in.Request}
	case activities.CredentialInput:
		at += fmt.Sprint(in.Takeback)
	case activities.SettleVersionInput:
		at = fmt.Sprint(in.Current, in.Revoke)
	}
	return call{step: a.Step, at: at, nth: a.Nth}
}

// rotationScenario is a rotation to harm.
type rotationScenario struct {
	name  string
	world func() *rotationWorld
	in    func(*rotationWorld) workflows.RotateSecretInput
}

func rotationScenarios() []rotationScenario {
	plain := (*rotationWorld).input
	compromised := func(w *rotationWorld) workflows.RotateSecretInput {
		in := w.input()
		in.Compromised = true
		return in
	}
	return []rotationScenario{
		{"value", func() *rotationWorld { return newRotationWorld(app.WithValue) }, plain},
		{"two users", func() *rotationWorld { return newRotationWorld(app.WithPostgres, "blue", "green") }, plain},
		{"one user", func() *rotationWorld { return newRotationWorld(app.WithMySQL, "app") }, plain},
		{"command", func() *rotationWorld { return newRotationWorld(app.WithCommand) }, plain},
		{"compromised", func() *rotationWorld { return newRotationWorld(app.WithPostgres, "blue", "green") }, compromised},
		{"compromised value", func() *rotationWorld { return newRotationWorld(app.WithValue) }, compromised},
	}
}

// callsOf are the calls of a run of the scenario that nothing disturbs.
func (s rotationScenario) callsOf(t *testing.T, harm func(*rotationWorld)) []call {
	t.Helper()
	w := s.world()
	harm(w)
	var out []call
	run := &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		w.mu.Lock()
		out = append(out, callOf(a))
		w.mu.Unlock()
		return a.Work()
	}}
	w.rotate(t, s.in(w), run)
	return out
}

// ends says whether a call is of the old version's end: no going back from there.
func (c call) ends() bool {
	return (c.step == activities.RevokeCredential.Name && strings.HasSuffix(c.at, "false")) || (c.step == activities.SettleVersion.Name && c.at == "[3]")
}

// refusing is what a step fails with for good.
func refusing() error {
	return activities.Fail(app.Failure{Kind: app.KindCredential, Message: "it was refused", Advice: "Mend it."}, nil)
}

// harmed answers the call as it is at a moment: before its work, or when that is done.
func harmed(at call, when moment, harm func(*memory.Attempt) (any, error)) func(*memory.Attempt) (any, error) {
	return func(a *memory.Attempt) (any, error) {
		if callOf(a) != at {
			return a.Work()
		}
		if when == afterWork {
			if out, err := a.Work(); err != nil {
				return out, err
			}
		}
		return harm(a)
	}
}

// A failure at any call before the end of the old version goes back to it; from there on it only goes forward, and says
// so. The world holds the outcome to what is found.
func TestRotationFailsAtEveryCall(t *testing.T) {
	for _, s := range rotationScenarios() {
		t.Run(s.name, func(t *testing.T) {
			forward := false
			for _, at := range s.callsOf(t, func(*rotationWorld) {}) {
				forward = forward || at.ends()
				for _, when := range []moment{beforeWork, afterWork} {
					want := app.FailedClean
					if forward {
						want = app.FailedDirty
					}
					t.Run(fmt.Sprintf("%s_%s", at, when), func(t *testing.T) {
						t.Parallel()
						w := s.world()
						r := w.rotate(t, s.in(w), &memory.Run{Around: harmed(at, when, func(*memory.Attempt) (any, error) { return nil, refusing() })})
						if r.Outcome != want && !survives(s, at, when, r) {
							t.Errorf("%s, not %s: %+v\n%v", r.Outcome, want, r.Failure, w.effects)
						}
						if want == app.FailedClean && r.New != "" && !strings.HasPrefix(r.Failure.Advice, "Version 3 is good everywhere.") {
							t.Error(r.Failure.Advice)
						}
					})
				}
			}
		})
	}
}

// survives says whether a rotation of what is known to others can succeed in spite of a failure: a site was rolled, and
// only the answer was lost.
func survives(s rotationScenario, at call, when moment, r app.RotationResult) bool {
	return strings.HasPrefix(s.name, "compromised") && at.step == activities.RotateSite.Name && when == afterWork && r.Outcome == app.Succeeded
}

// A cancel at any call goes back in the same way, and comes too late from the end of the old version on.
func TestRotationIsCancelledAtEveryCall(t *testing.T) {
	for _, s := range rotationScenarios() {
		t.Run(s.name, func(t *testing.T) {
			forward := false
			for _, at := range s.callsOf(t, func(*rotationWorld) {}) {
				forward = forward || at.ends()
				for _, when := range []moment{beforeWork, afterWork} {
					late := forward
					t.Run(fmt.Sprintf("%s_%s", at, when), func(t *testing.T) {
						t.Parallel()
						w := s.world()
						around := func(a *memory.Attempt) (any, error) {
							switch {
							case callOf(a) != at:
								return a.Work()
							case late || at.step == activities.BeginVersion.Name: // the cancel does not come to these
								a.RequestCancel()
								return a.Work()
							case when == afterWork:
								defer a.Cancel()
							default:
								a.Cancel()
							}
							return a.Work()
						}
						r := w.rotate(t, s.in(w), &memory.Run{Around: around})
						want := app.Cancelled
						if late {
							want = app.Succeeded
							if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.HasPrefix(n, "The cancel came after the revoke") }) {
								t.Error(r.Notes)
							}
						}
						if r.Outcome != want || (late != r.Revoked) {
							t.Errorf("%s, not %s: %+v\n%v", r.Outcome, want, r.Failure, w.effects)
						}
					})
				}
			}
		})
	}
}

func TestRotationIsCancelledWhileItSoaks(t *testing.T) {
	for _, s := range rotationScenarios()[:4] {
		w := s.world()
		run := &memory.Run{}
		run.Script = map[time.Duration]func(){5 * time.Minute: func() { run.Cancel() }}
		if r := w.rotate(t, s.in(w), run); r.Outcome != app.Cancelled || r.Failure != nil {
			t.Errorf("%s: %+v", s.name, r)
		}
	}
}

// On the way back anything may fail as well: then what is left is named, and what works goes on to work.
func TestRotationFailsOnTheWayBack(t *testing.T) {
	for _, s := range rotationScenarios()[:4] {
		t.Run(s.name, func(t *testing.T) {
			// b refuses after a was rolled, so that there is all to undo.
			harm := func(w *rotationWorld) {
				w.last = "b"
				w.sites["b"].refuses = &app.Failure{Kind: app.KindFrozen, Message: "frozen"}
			}
			all := s.callsOf(t, harm)
			back := slices.IndexFunc(all, func(c call) bool {
				return (c.step == activities.AddCredential.Name && strings.HasSuffix(c.at, "true")) || c.at == "3[]"
			})
			for _, at := range all[back:] {
				t.Run(at.String(), func(t *testing.T) {
					t.Parallel()
					w := s.world()
					harm(w)
					r := w.rotate(t, s.in(w), &memory.Run{Around: harmed(at, beforeWork, func(*memory.Attempt) (any, error) { return nil, refusing() })})
					if r.Outcome != app.FailedDirty || !strings.Contains(r.Failure.Advice, "it was refused") {
						t.Errorf("%+v, %+v\n%v", r, r.Failure, w.effects)
					}
				})
			}
		})
	}
}

// What passes is tried again for long before it is given up, and it is nobody's affair when it works in the end.
func TestRevokeIsTriedForLong(t *testing.T) {
	for minutes, want := range map[int]app.Outcome{90: app.Succeeded, 24 * 60: app.FailedDirty} {
		w := newRotationWorld(app.WithPostgres, "blue", "green")
		began := time.Now()
		var run *memory.Run
		down := true
		run = &memory.Run{Around: func(a *memory.Attempt) (any, error) {
			w.mu.Lock()
			fails := down && callOf(a).ends() && a.Host == "db-b"
			w.mu.Unlock()
			if fails {
				return nil, activities.Fail(app.Failure{Kind: app.KindUnreachable, Message: "db-b does not answer"}, nil)
			}
			return a.Work()
		}}
		run.Script = map[time.Duration]func(){time.Duration(minutes) * time.Minute: func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			down = false
		}}
		r := w.rotate(t, w.input(), run)
		if r.Outcome != want || r.Revoked != (want == app.Succeeded) {
			t.Errorf("%d minutes: %+v, %+v (%s)", minutes, r, r.Failure, time.Since(began))
		}
		if want == app.FailedDirty && !slices.Equal(r.Failure.Left, []string{"db-b of acme/shop/b: the credential of version 3 may still be good"}) {
			t.Errorf("%v", r.Failure.Left)
		}
	}
}

// A site that does not answer after it was rolled may have either version: it is brought back before anything ends.
func TestRotationBringsBackWhatMayHaveBeenRolled(t *testing.T) {
	w := newRotationWorld(app.WithPostgres, "blue", "green")
	at := call{step: activities.RotateSite.Name, at: "b to 4 by run-1-1"}
	r := w.rotate(t, w.input(), &memory.Run{Around: harmed(at, afterWork, func(*memory.Attempt) (any, error) {
		return nil, temporal.NewNonRetryableApplicationError("lost", "lost", errors.New("the engine was away"))
	})})
	if r.Outcome != app.FailedClean || !slices.Contains(w.effects, "roll b to 3") {
		t.Errorf("%+v\n%v", r, w.effects)
	}
}

// A rotation that is reset asks sites for what they have done already, by the same ids, and ends in the same way. Once the
// old version had ended, neither a cancel nor a failure brings it back.
func TestResetOfARotation(t *testing.T) {
	for _, s := range rotationScenarios() {
		for _, harm := range []string{"", "cancel", "failure"} {
			w := s.world()
			if r := w.rotate(t, s.in(w), &memory.Run{ID: "first"}); r.Outcome != app.Succeeded {
				t.Fatalf("%s: %+v", s.name, r)
			}
			releases := []int{w.sites["a"].release, w.sites["b"].release}
			want := app.Succeeded
			if harm == "failure" {
				want = app.FailedDirty
			}
			around := func(a *memory.Attempt) (any, error) {
				switch {
				case harm == "cancel" && a.Step == activities.BeginVersion.Name:
					a.RequestCancel()
				case harm == "failure" && a.Step == activities.SettleVersion.Name:
					return nil, refusing()
				}
				return a.Work()
			}
			r := w.rotate(t, s.in(w), &memory.Run{ID: "second", ResetOf: "first", Around: around})
			if r.Outcome != want || r.New != "4" || !slices.Equal(releases, []int{w.sites["a"].release, w.sites["b"].release}) || len(w.runs) != 2 {
				t.Errorf("%s %s: %+v, %v", s.name, harm, r, w.runs)
			}
		}
	}
}

// One that had gone back finds its version revoked, and begins nothing again.
func TestResetOfARotationThatWentBack(t *testing.T) {
	w := newRotationWorld(app.WithPostgres, "blue", "green")
	run := &memory.Run{ID: "first"}
	run.Script = map[time.Duration]func(){5 * time.Minute: func() { run.Cancel() }}
	w.rotate(t, w.input(), run)
	done := len(w.effects)
	r := w.rotate(t, w.input(), &memory.Run{ID: "second", ResetOf: "first"})
	if r.Outcome != app.FailedClean || len(w.effects) != done {
		t.Errorf("%+v, %v", r, w.effects)
	}
}
