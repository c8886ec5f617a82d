//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// ask runs a command that asks the site for a run, and reads its result.
func (x *site) ask(t *testing.T, command string, args ...string) ended {
	t.Helper()
	return outcome(t, x.begin(command, args...))
}

// begin starts such a command.
func (x *site) begin(command string, args ...string) *harness.Command {
	return x.scene.Start(x.Dir, append([]string{command, "-o", "json"}, args...)...)
}

// Going back is as safe as going forward, whether a person wants it or the release is unwell.
func TestGoingBack(t *testing.T) {
	s := newScene(t)
	t.Run("by hand", func(t *testing.T) { byHand(t, s) })
	t.Run("by itself, from a release that fails once it serves", func(t *testing.T) { byItself(t, s) })
	t.Run("from a canary", func(t *testing.T) { fromCanary(t, s) })
	t.Run("by a person's no", func(t *testing.T) { byDecision(t, s) })
}

// byHand rolls back to releases whose containers are long gone.
func byHand(t *testing.T, s *scene) {
	x := s.newSite("back")
	var releases []string
	for _, version := range []string{"1", "2", "3"} {
		x.SetVersion(version)
		e := x.deploy(t)
		e.want(t, app.Succeeded, 0)
		releases = append(releases, e.Release)
	}
	load := x.traffic(t, s.host, 1)
	back := x.ask(t, "rollback", "--why", "3 is slow")
	back.want(t, app.Succeeded, 0)
	if back.Of != releases[1] || back.Previous != releases[2] || !strings.HasPrefix(back.Release, "4-") {
		t.Errorf("the rollback: %+v", back.Result)
	}
	further := x.ask(t, "rollback", "--to", "1")
	further.want(t, app.Succeeded, 0)
	if further.Of != releases[0] {
		t.Errorf("the rollback to the first: %+v", further.Result)
	}
	load.flows(t)
	load.lossless(t, "3", "2", "1")
	image := here(t, "docker", "image", "inspect", "--format", "{{.Id}}", "longshore/"+x.name()+"/web:"+releases[0])
	x.runs(t, further.Release, image, x.inspect(t, s.host, "web", running))

	t.Run("is refused where an image is gone", func(t *testing.T) {
		images := on(t, s.host, "docker", "images", "--quiet", "longshore/"+x.name()+"/web:"+releases[2])
		on(t, s.host, "docker", "rmi", "--force", images)
		before := footprint(t, s.host)
		e := x.ask(t, "rollback", "--to", releases[2])
		e.want(t, app.Refused, 5)
		if f := e.Failure; f == nil || f.Kind != app.KindPruned || !strings.Contains(f.Message+f.Advice, releases[1]) {
			t.Errorf("the failure: %+v", f)
		}
		same(t, before, footprint(t, s.host))
	})
	t.Run("is told of in the releases", func(t *testing.T) {
		for _, r := range x.releases(t) {
			if r.ID == further.Release && (!r.Current || !r.Stable || r.Of != releases[0]) || r.ID == releases[2] && (r.Returned == "" || r.Reachable) {
				t.Errorf("%+v", r)
			}
		}
	})
}

// failing is a release that is healthy and answers every request with an error, and is watched.
var failing = web{env: []string{"FAIL_REQUESTS=1"}, update: "monitor: 30s, failure_action: rollback, max_failure_ratio: 0.1"}

// byItself deploys a release that is found unwell under load.
func byItself(t *testing.T, s *scene) {
	x := s.newSite("itself")
	x.SetVersion("good")
	good := x.deploy(t)
	good.want(t, app.Succeeded, 0)
	load := x.traffic(t, s.host, 0)
	x.set("bad", failing)
	e := x.deploy(t)
	e.want(t, app.FailedClean, 3)
	if f := e.Failure; !e.Returned || f == nil || f.Kind != app.KindFailing || e.Previous != good.Release {
		t.Errorf("the result: %+v, failure %+v", e.Result, f)
	}
	load.onlyLostBy(t, "bad", "good")
	x.runsIntended(t, good.Release, s.host)
	if kept := x.releases(t); !slices.ContainsFunc(kept, func(r inspect.Release) bool { return r.ID == good.Release && r.Current }) {
		t.Errorf("the releases: %+v", kept)
	}
	after := x.traffic(t, s.host, 0)
	after.flows(t)
	after.lossless(t, "good")
}

// fromCanary gives a bad release a quarter of the requests, and then a good one.
func fromCanary(t *testing.T, s *scene) {
	const weight = 25
	x := s.newSite("canary")
	x.SetVersion("old")
	old := x.deploy(t)
	old.want(t, app.Succeeded, 0)

	load := x.traffic(t, s.host, 0)
	w := failing
	w.top = "x-longshore: { canary: { weights: [25, 100], each: 30s } }\n"
	x.set("bad", w)
	deploy := x.begin("deploy")
	reaches(t, deploy, "Switch")
	before := load.Report()
	e := outcome(t, deploy)
	e.want(t, app.FailedClean, 3)
	shared := load.Report()
	if made, lost := shared.Made-before.Made, shared.Lost-before.Lost; lost == 0 || lost > made*weight/100+3 {
		t.Errorf("%d of %d requests were lost to a canary of %d%%", lost, made, weight)
	}
	if !e.Returned || e.Failure == nil || e.Failure.Kind != app.KindFailing {
		t.Errorf("the result: %+v", e.Result)
	}
	load.onlyLostBy(t, "bad", "old")
	x.runsIntended(t, old.Release, s.host)

	load = x.traffic(t, s.host, 1)
	x.set("new", web{top: "x-longshore: { canary: { weights: [5, 50, 100], each: 1s } }\n"})
	e = x.deploy(t)
	e.want(t, app.Succeeded, 0)
	load.flows(t)
	load.lossless(t, "old", "new")
	x.runsIntended(t, e.Release, s.host)
}
