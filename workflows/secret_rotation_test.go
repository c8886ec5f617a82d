package workflows_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// effectsOf are the world's effects, where those that go on at once, since they differ in their place alone, are sorted.
func effectsOf(w *rotationWorld) []string {
	out := slices.Clone(w.effects)
	kind := func(effect string) string {
		words := strings.Fields(effect)
		if words[0] == "roll" {
			return "roll " + words[3]
		}
		return words[0] + words[1]
	}
	for i := range out {
		for j := i; j > 0 && kind(out[j]) == kind(out[j-1]) && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

func TestRotation(t *testing.T) {
	for name, c := range map[string]struct {
		world *rotationWorld
		done  []string
	}{
		"value":    {newRotationWorld(app.WithValue), []string{"make 4", "current 4", "roll a to 4", "roll b to 4", "revoke 3"}},
		"command":  {newRotationWorld(app.WithCommand), []string{"make 4", "add 4 at the worker", "test 4 at the worker", "current 4", "roll a to 4", "roll b to 4", "end 3 at the worker", "revoke 3"}},
		"postgres": {newRotationWorld(app.WithPostgres, "blue", "green"), []string{"make 4", "add 4 at db-a", "add 4 at db-b", "test 4 at db-a", "test 4 at db-b", "current 4", "roll a to 4", "roll b to 4", "end 3 at db-a", "end 3 at db-b", "revoke 3"}},
		"one user": {newRotationWorld(app.WithMySQL, "app"), []string{"make 4", "add 4 at db-a", "add 4 at db-b", "test 4 at db-a", "test 4 at db-b", "current 4", "roll a to 4", "roll b to 4", "end 3 at db-a", "end 3 at db-b", "revoke 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := c.world
			r := w.rotate(t, w.input(), &memory.Run{})
			if diff := cmp.Diff(c.done, effectsOf(w)); diff != "" {
				t.Error(diff)
			}
			if r.Outcome != app.Succeeded || r.DurationMS < (10*time.Minute).Milliseconds() {
				t.Errorf("%+v", r)
			}
			gap := slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "may have been refused") })
			if gap != w.oneUser() {
				t.Errorf("notes: %v", r.Notes)
			}
		})
	}
}

// A version that somebody knows ends before anything is rolled.
func TestRotationOfACompromisedSecret(t *testing.T) {
	for name, c := range map[string]struct {
		world *rotationWorld
		done  []string
	}{
		"value":    {newRotationWorld(app.WithValue), []string{"make 4", "current 4", "revoke 3", "roll a to 4", "roll b to 4"}},
		"postgres": {newRotationWorld(app.WithPostgres, "blue", "green"), []string{"make 4", "add 4 at db-a", "add 4 at db-b", "test 4 at db-a", "test 4 at db-b", "current 4", "end 3 at db-a", "end 3 at db-b", "revoke 3", "roll a to 4", "roll b to 4"}},
		"one user": {newRotationWorld(app.WithPostgres, "app"), []string{"make 4", "add 4 at db-a", "add 4 at db-b", "test 4 at db-a", "test 4 at db-b", "current 4", "end 3 at db-a", "end 3 at db-b", "revoke 3", "roll a to 4", "roll b to 4"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := c.world
			in := w.input()
			in.Compromised = true
			r := w.rotate(t, in, &memory.Run{})
			if diff := cmp.Diff(c.done, effectsOf(w)); diff != "" {
				t.Error(diff)
			}
			if r.Outcome != app.Succeeded || r.DurationMS > time.Minute.Milliseconds() {
				t.Errorf("%+v", r)
			}
		})
	}
}

// One site that cannot be rolled, or not even asked, keeps the thief in no other.
func TestCompromisedGoesOnPastASite(t *testing.T) {
	for name, harm := range map[string]func(*secretSite){
		"refuses": func(s *secretSite) { s.refuses = &app.Failure{Kind: app.KindFrozen, Message: "frozen by ann"} },
		"down":    func(s *secretSite) { s.down = true },
	} {
		w := newRotationWorld(app.WithValue)
		harm(w.sites["a"])
		in := w.input()
		in.Compromised = true
		r := w.rotate(t, in, &memory.Run{})
		if r.Outcome != app.FailedDirty || !r.Revoked || w.sites["b"].version != "4" || !slices.Equal(r.Failure.Left, []string{"acme/shop/a: containers without version 4"}) {
			t.Errorf("%s: %+v, %+v", name, r, r.Failure)
		}
	}
}

// A rollback, or a deploy begun earlier, may bring a site back while the rotation goes on.
func TestRotationRollsAgainWhatGotBack(t *testing.T) {
	for _, c := range []struct {
		times   int
		outcome app.Outcome
	}{{1, app.Succeeded}, {3, app.Succeeded}, {4, app.FailedClean}} {
		w := newRotationWorld(app.WithPostgres, "blue", "green")
		times := c.times
		w.onRoll = func(site, to string) {
			if site == "b" && to == "4" && times > 0 {
				times--
				w.sites["b"].version = "3"
			}
		}
		r := w.rotate(t, w.input(), &memory.Run{})
		if r.Outcome != c.outcome {
			t.Errorf("%d times: %+v, %+v", c.times, r, r.Failure)
		}
		if c.outcome == app.Succeeded && !strings.Contains(strings.Join(r.Notes, "\n"), "acme/shop/b ran version 3, and was rolled to version 4") {
			t.Errorf("%v", r.Notes)
		}
	}
}

// A site that is first deployed while the rotation goes on is found, however it ends.
func TestRotationFindsNewSites(t *testing.T) {
	for _, version := range []string{"3", "4"} {
		w := newRotationWorld(app.WithValue)
		w.onRoll = func(string, string) {
			if w.sites["c"] == nil {
				w.sites["c"] = &secretSite{version: version, release: 1}
			}
		}
		if r := w.rotate(t, w.input(), &memory.Run{}); r.Outcome != app.Succeeded || len(r.Sites) != 3 {
			t.Errorf("%+v", r)
		}
		w = newRotationWorld(app.WithValue)
		w.onRoll = func(site, to string) {
			if site == "b" && to == "4" {
				w.sites["c"] = &secretSite{version: version, release: 1}
			}
		}
		run := &memory.Run{}
		run.Script = map[time.Duration]func(){5 * time.Minute: func() { run.Cancel() }}
		if r := w.rotate(t, w.input(), run); r.Outcome != app.Cancelled {
			t.Errorf("%+v", r)
		}
	}
}

func TestRotationOfWhatNothingUses(t *testing.T) {
	w := newRotationWorld(app.WithValue)
	w.sites = nil
	r := w.rotate(t, w.input(), &memory.Run{})
	if diff := cmp.Diff([]string{"make 4", "current 4", "revoke 3"}, w.effects); diff != "" {
		t.Error(diff)
	}
	if r.Outcome != app.Succeeded || len(r.Notes) != 1 || r.DurationMS > time.Minute.Milliseconds() {
		t.Errorf("%+v", r)
	}
	w = newRotationWorld(app.WithPostgres, "blue", "green")
	w.sites = nil
	if r := w.rotate(t, w.input(), &memory.Run{}); r.Outcome != app.Refused || r.Failure.Kind != app.KindCredential {
		t.Errorf("%+v", r)
	}
}

// What another rotation has left pending blocks nothing, and what a person has supplied is used.
func TestRotationWithPendingVersions(t *testing.T) {
	w := newRotationWorld(app.WithValue)
	w.store[4], w.by[4] = app.VersionPending, "lost"
	if r := w.rotate(t, w.input(), &memory.Run{}); r.Outcome != app.Succeeded || r.New != "5" {
		t.Errorf("%+v", r)
	}
	w = newRotationWorld(app.WithGiven)
	w.store[4] = app.VersionPending
	in := w.input()
	in.Given = 4
	if r := w.rotate(t, in, &memory.Run{}); r.Outcome != app.Succeeded || r.New != "4" {
		t.Errorf("%+v", r)
	}
}

// The way back waits for nobody's leave: neither an approval nor the end of a freeze.
func TestRefusalInASitesOwnWords(t *testing.T) {
	w := newRotationWorld(app.WithPostgres, "blue", "green")
	w.onRoll = func(site, _ string) {
		w.sites[site].refuses = &app.Failure{Kind: app.KindFrozen, Message: "frozen by ann"}
	}
	w.sites["b"].refuses = &app.Failure{Kind: app.KindFrozen, Message: "frozen by ann", Advice: "longshore thaw"}
	r := w.rotate(t, w.input(), &memory.Run{})
	if r.Outcome != app.FailedClean || r.Failure.Kind != app.KindFrozen || r.Failure.Message != "acme/shop/b: frozen by ann" || !strings.Contains(r.Failure.Advice, "longshore thaw") {
		t.Errorf("%+v", r.Failure)
	}
	in := w.input()
	in.BreakFreeze = true
	if r := w.rotate(t, in, &memory.Run{}); r.Outcome != app.Succeeded {
		t.Errorf("%+v", r.Failure)
	}
}

// While it soaks, both versions are good: it says until when, and can still go back.
func TestRotationTellsItsState(t *testing.T) {
	w := newRotationWorld(app.WithPostgres, "blue", "green")
	var state workflows.RotationState
	var err error
	run := &memory.Run{}
	run.Script = map[time.Duration]func(){5 * time.Minute: func() { err = run.Query(workflows.QueryRotation, &state) }}
	w.rotate(t, w.input(), run)
	want := workflows.RotationState{
		Phase: app.PhaseSoak, Old: "3", New: "4", Text: state.Text, SoakUntil: state.SoakUntil,
		Sites: []app.RotatedSite{{Site: "acme/shop/a", Release: "8-abc", Version: "4"}, {Site: "acme/shop/b", Release: "13-abc", Version: "4"}},
	}
	if diff := cmp.Diff(want, state); diff != "" || err != nil || state.SoakUntil.IsZero() || !strings.Contains(state.Text, "both versions are good until") {
		t.Error(diff, err, state.Text)
	}
}

// Each database is changed by its own administrator, whose password is found where the site was deployed with it.
func TestRotationLogsInAsTheAdministrator(t *testing.T) {
	w := newRotationWorld(app.WithPostgres, "blue", "green")
	in := w.input()
	in.Settings.AdminPassword = "ADMIN"
	admins := map[string]string{}
	run := &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if in, ok := a.In.(activities.CredentialInput); ok {
			w.mu.Lock()
			admins[in.Site.Name+" "+in.Release+" "+a.Step] = in.Admin
			w.mu.Unlock()
		}
		return a.Work()
	}}
	w.rotate(t, in, run)
	want := map[string]string{}
	for site, releases := range map[string][]string{"a": {"7-abc", "8-abc"}, "b": {"12-abc", "13-abc"}} {
		want[site+" "+releases[0]+" AddCredential"] = "sealed ADMIN of " + site
		want[site+" "+releases[0]+" TestCredential"] = "sealed ADMIN of " + site
		want[site+" "+releases[1]+" RevokeCredential"] = "sealed ADMIN of " + site
	}
	if diff := cmp.Diff(want, admins); diff != "" {
		t.Error(diff)
	}
}

// A site may ask for a person's leave before it is changed, but not before it is brought back to what works.
func TestOnlyTheWayThereAsksForLeave(t *testing.T) {
	w := newRotationWorld(app.WithValue)
	w.last = "b"
	w.sites["b"].refuses = &app.Failure{Kind: app.KindRejected, Message: "rejected by ann"}
	asked := map[string]bool{}
	w.rotate(t, w.input(), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if in, ok := a.In.(activities.RotateSiteInput); ok {
			w.mu.Lock()
			asked[in.Site.Name+" to "+in.Secrets[0].Version] = in.Approve != nil
			w.mu.Unlock()
		}
		return a.Work()
	}})
	if back, ok := asked["a to 3"]; !ok || back || !asked["b to 4"] {
		t.Errorf("%v", asked)
	}
}

// At most so many sites roll at the same time.
func TestRotationRollsAFewSitesAtOnce(t *testing.T) {
	w := newRotationWorld(app.WithValue)
	for i := range 18 {
		w.sites["preview-"+strconv.Itoa(i)] = &secretSite{version: "3", release: 1}
	}
	now, most := 0, 0
	r := w.rotate(t, w.input(), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step != activities.RotateSite.Name {
			return a.Work()
		}
		w.mu.Lock()
		now++
		most = max(most, now)
		w.mu.Unlock()
		defer func() {
			w.mu.Lock()
			now--
			w.mu.Unlock()
		}()
		return a.Work()
	}})
	if r.Outcome != app.Succeeded || most > 8 || len(r.Sites) != 20 {
		t.Errorf("%d at once: %+v", most, r)
	}
}

// A service that should be asked for the credential has to run.
func TestRotationNeedsTheServiceToRun(t *testing.T) {
	w := newRotationWorld(app.WithPostgres, "blue", "green")
	w.stopped = "b"
	r := w.rotate(t, w.input(), &memory.Run{})
	if r.Outcome != app.Refused || r.Failure.Kind != app.KindCredential || !strings.Contains(r.Failure.Message, "db of acme/shop/b does not run") {
		t.Errorf("%+v, %+v", r, r.Failure)
	}
}
