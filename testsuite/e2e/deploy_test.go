//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// A site's life on one server, under a load that goes on through all of it.
func TestDeploy(t *testing.T) {
	s := newScene(t)
	x := s.newSite("shop")
	first := x.deploy(t)
	first.want(t, app.Succeeded, 0)
	if !strings.HasPrefix(first.Release, "1-") || first.Previous != "" || first.Transfer.SentBytes == 0 {
		t.Errorf("the first release: %+v", first.Result)
	}
	x.runsIntended(t, first.Release, s.host)
	load := x.traffic(t, s.host, 0)

	t.Run("a change replaces the release and loses nothing", func(t *testing.T) {
		sockets := x.traffic(t, s.host, 2)
		x.SetVersion("2")
		second := x.deploy(t, "--why", "to see it change")
		second.want(t, app.Succeeded, 0)
		if !strings.HasPrefix(second.Release, "2-") || second.Previous != first.Release {
			t.Errorf("the second release: %+v", second.Result)
		}
		sockets.flows(t)
		sockets.lossless(t, "1", "2")
		x.runsIntended(t, second.Release, s.host)
	})
	t.Run("a connection stays with the release it began with", func(t *testing.T) { staysUntilItEnds(t, x) })
	t.Run("nothing to do", func(t *testing.T) {
		before := footprint(t, s.host)
		x.deploy(t).want(t, app.Unchanged, 0)
		x.Write("README", "nothing that runs\n")
		x.Commit("another commit that changes nothing that runs")
		x.deploy(t).want(t, app.Unchanged, 0)
		same(t, before, footprint(t, s.host))
	})
	t.Run("a plan changes nothing", func(t *testing.T) {
		before, built := footprint(t, s.host), x.built(t)
		x.set("planned", web{env: []string{"NEW=1"}, rest: "  more:\n    build: .\n    volumes: [data:/data]\nvolumes: { data: {} }\n"})
		planned := x.deploy(t, "--plan")
		planned.want(t, app.Succeeded, 0)
		if p := planned.Plan; p == nil || !slices.Equal(p.Builds, []string{"more", "web"}) || len(p.Hosts) != 1 || len(p.Hosts[0].Changes) != 2 {
			t.Errorf("the plan: %+v", p)
		}
		text := x.longshore(t, "deploy", "--plan", "-o", "plain")
		for _, want := range []string{"web", "more", "create", "replace"} {
			if !strings.Contains(text.Stdout, want) {
				t.Errorf("the plan does not say %q: %s", want, text)
			}
		}
		same(t, before, footprint(t, s.host))
		same(t, built, x.built(t))
	})
	load.lossless(t, "1", "2", "3")
}
