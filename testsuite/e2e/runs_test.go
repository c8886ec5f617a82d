//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// oneRunASite asks for more while a deploy is under way, leaves the first and comes back to it.
func oneRunASite(t *testing.T, s *scene) {
	x := s.newSite("busy")
	x.deploy(t).want(t, app.Succeeded, 0)
	load := x.traffic(t, s.host, 1)
	x.set("2", web{health: "within: 30s, stable_for: 20s"})
	deploy := x.start("--request-id", "first")
	reaches(t, deploy, "AwaitStable")

	second := x.start("--request-id", "second")
	waits(t, second, 1)
	third := s.Start(x.Dir, "restart", "--request-id", "third", "-o", "json")
	waits(t, third, 2)
	x.shows(t, []string{"status"}, "runs      deploy ", "waits     deploy ", "waits     restart by ", "(third)")
	fourth := x.start("--request-id", "fourth", "--supersede")
	waits(t, fourth, 2)
	outcome(t, second).want(t, app.Superseded, 5)
	for _, id := range []string{"third", "fourth"} {
		if out := x.longshore(t, "cancel", id); out.Code != 0 || !strings.Contains(out.Stdout, id+" has left the queue") {
			t.Errorf("cancelled in the queue: %s", out)
		}
	}
	outcome(t, third).want(t, app.Cancelled, 3)
	outcome(t, fourth).want(t, app.Cancelled, 3)

	again := x.start("--request-id", "first")
	if err := deploy.Interrupt(); err != nil {
		t.Fatal(err)
	}
	if out := finish(t, deploy); out.Code != 130 {
		t.Errorf("after Ctrl-C: %s", out)
	}
	plain := s.Start(x.Dir, "watch", "-o", "plain")
	e := outcome(t, s.Start(x.Dir, "watch", "first", "-o", "json"))
	e.want(t, app.Succeeded, 0)
	if repeated := outcome(t, again); repeated.Release != e.Release || repeated.Code != 0 {
		t.Errorf("the same request again: %s", repeated)
	}
	if out := finish(t, plain); out.Code != 0 || !strings.Contains(out.Stdout, "succeeded "+x.full()+": "+e.Release) {
		t.Errorf("watched by a person: %s", out)
	}
	load.flows(t)
	load.lossless(t, "1", "2")
	x.runsIntended(t, e.Release, s.host)
}
