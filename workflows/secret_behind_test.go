package workflows_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// behind is a world in which a rotation between two users was terminated after it had made version 3 the current one: a
// site still runs version 2, as the user whose turn is next.
func behind(with string, users ...string) *rotationWorld {
	w := newRotationWorld(with, users...)
	w.sites["a"].version = "2"
	for _, place := range w.good {
		place["2"] = true
	}
	return w
}

// The next credential may be the one that a site works with which lags behind: that is brought to the current version
// first.
func TestRotationFirstBringsUpWhatLagsBehind(t *testing.T) {
	w := behind(app.WithPostgres, "blue", "green")
	r := w.rotate(t, w.input(), &memory.Run{})
	want := []string{
		"make 4", "roll a to 3", "add 4 at db-a", "add 4 at db-b", "test 4 at db-a", "test 4 at db-b", "current 4",
		"roll a to 4", "roll b to 4", "end 3 at db-a", "end 3 at db-b", "revoke 3",
	}
	if diff := cmp.Diff(want, effectsOf(w)); diff != "" {
		t.Error(diff)
	}
	if r.Outcome != app.Succeeded || !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "acme/shop/a ran version 2") }) {
		t.Errorf("%+v", r)
	}
}

// Other ways change nothing that is in use, and a thief does not wait.
func TestRotationLeavesAloneWhatLagsBehind(t *testing.T) {
	for name, c := range map[string]struct {
		world       *rotationWorld
		compromised bool
	}{
		"value":       {world: behind(app.WithValue)},
		"one user":    {world: behind(app.WithPostgres, "app")},
		"compromised": {world: behind(app.WithPostgres, "blue", "green"), compromised: true},
	} {
		t.Run(name, func(t *testing.T) {
			in := c.world.input()
			in.Compromised = c.compromised
			if r := c.world.rotate(t, in, &memory.Run{}); r.Outcome != app.Succeeded {
				t.Errorf("%+v", r)
			}
			if done := effectsOf(c.world); slices.Contains(done, "roll a to 3") {
				t.Errorf("done: %v", done)
			}
		})
	}
}

// A site that lags behind and cannot be brought up ends the rotation before a credential has changed. Its freeze counts.
func TestRotationWaitsForWhatLagsBehind(t *testing.T) {
	for name, harm := range map[string]func(*secretSite){
		"frozen":    func(s *secretSite) { s.refuses = &app.Failure{Kind: app.KindFrozen, Message: "frozen by ann"} },
		"unhealthy": func(s *secretSite) { s.refuses = &app.Failure{Kind: app.KindUnhealthy, Message: "it is not well"} },
	} {
		t.Run(name, func(t *testing.T) {
			w := behind(app.WithPostgres, "blue", "green")
			harm(w.sites["a"])
			r := w.rotateOnly(t, w.input(), &memory.Run{})
			if diff := cmp.Diff([]string{"make 4", "revoke 4"}, effectsOf(w)); diff != "" {
				t.Error(diff)
			}
			if r.Outcome != app.FailedClean || r.Failure == nil || !strings.Contains(r.Failure.Message, "acme/shop/a") {
				t.Errorf("%+v, %+v", r, r.Failure)
			}
			if len(w.outages) > 0 {
				t.Errorf("%v ran a version that had ended", w.outages)
			}
		})
	}
}
