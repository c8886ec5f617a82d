package workflows_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// holds checks that the outcome told is the state found.
func (w *rotationWorld) holds(t *testing.T, in workflows.RotateSecretInput, r app.RotationResult) {
	t.Helper()
	wrong := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s, but %s\nfailure: %+v\ndone: %s", r.Outcome, fmt.Sprintf(format, args...), r.Failure, strings.Join(w.effects, "; "))
	}
	if len(w.outages) > 0 && !in.Compromised {
		wrong("%v ran a version that had ended", w.outages)
	}
	switch r.Outcome {
	case app.Succeeded:
		w.allHave(r.New, r.Old, wrong)
		if !r.Revoked {
			wrong("the old version is said to be good")
		}
	case app.FailedClean, app.Cancelled:
		if r.New != "" {
			w.allHave(r.Old, r.New, wrong)
		}
		if w.current() != 3 || r.Revoked {
			wrong("version %d is current, revoked: %v", w.current(), r.Revoked)
		}
	case app.Refused:
		if len(w.effects) > 0 {
			wrong("something was done")
		}
	case app.FailedDirty:
		if r.Failure == nil || len(r.Failure.Left) == 0 || r.Failure.Advice == "" {
			wrong("nothing is named")
		}
		for name, s := range w.sites {
			if !w.works(name, s.version) && !in.Compromised && !w.oneUser() {
				wrong("%s has version %s, which does not work", name, s.version)
			}
		}
	default:
		wrong("that is no outcome of a rotation")
	}
	for _, s := range r.Sites {
		site, _ := app.ParseSite(s.Site)
		if have := w.sites[site.Name]; r.Outcome != app.FailedDirty && !have.down && have.version != s.Version {
			wrong("%s is said to have version %s, and has %s", site.Name, s.Version, have.version)
		}
	}
}

// allHave checks that one version is good and used everywhere, and the other nowhere.
func (w *rotationWorld) allHave(version, not string, wrong func(string, ...any)) {
	good, _ := strconv.Atoi(version)
	ended, _ := strconv.Atoi(not)
	if w.store[good] != app.VersionCurrent || w.store[ended] != app.VersionRevoked {
		wrong("version %s is %s and version %s is %s", version, w.store[good], not, w.store[ended])
	}
	for name, s := range w.sites {
		if s.version != version {
			wrong("%s has version %s", name, s.version)
		}
		if place := w.good[w.placeOf(name)]; w.hasCredential() && (!place[version] || place[not]) {
			wrong("at %s these are good: %v", w.placeOf(name), place)
		}
	}
}
