//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// oneRunASite starts a second deploy, leaves the first and comes back to it.
func oneRunASite(t *testing.T, s *scene) {
	x := s.newSite("busy")
	x.deploy(t).want(t, app.Succeeded, 0)
	load := x.traffic(t, s.host, 1)
	x.set("2", web{health: "within: 30s, stable_for: 8s"})
	deploy := x.start()
	reaches(t, deploy, "AwaitStable")

	second := x.deploy(t)
	second.want(t, app.Refused, 5)
	if f := second.Failure; f == nil || f.Kind != "busy" || !strings.Contains(f.Message, "another deploy of "+x.full()+" is going on") || !strings.Contains(f.Advice, "longshore watch") {
		t.Errorf("a second deploy is refused with %+v", f)
	}
	if err := deploy.Interrupt(); err != nil {
		t.Fatal(err)
	}
	if out := finish(t, deploy); out.Code != 130 {
		t.Errorf("after Ctrl-C: %s", out)
	}
	plain := s.Start(x.Dir, "watch", "-o", "plain")
	e := outcome(t, s.Start(x.Dir, "watch", "-o", "json"))
	e.want(t, app.Succeeded, 0)
	if out := finish(t, plain); out.Code != 0 || !strings.Contains(out.Stdout, "succeeded "+x.full()+": "+e.Release) {
		t.Errorf("watched by a person: %s", out)
	}
	load.flows(t)
	load.lossless(t, "1", "2")
	x.runsIntended(t, e.Release, s.host)
}
