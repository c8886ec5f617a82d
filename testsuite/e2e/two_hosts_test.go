//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// A site on two servers, with the oldest engine that is supported and a newer one, is deployed to both or to none.
func TestTwoHosts(t *testing.T) {
	s := newScene(t)
	newer := hosts.Start(t, hosts.OnRelease(hosts.Trixie))
	s.Trust(newer)
	x := s.newSite("pair", s.host.AppHost(), newer.AppHost())
	both := []*hosts.Host{s.host, newer}
	released := web{own: "      release: [/testapp, release]\n"}

	x.set("1", released)
	first := x.deploy(t)
	first.want(t, app.Succeeded, 0)
	if len(first.Hosts) != 2 || first.Hosts[0].Release != first.Release || first.Hosts[1].Release != first.Release {
		t.Errorf("the hosts' results: %+v", first.Hosts)
	}
	x.runsIntended(t, first.Release, both...)
	loads := []traffic{x.traffic(t, s.host, 1), x.traffic(t, newer, 1)}
	flow := func(t *testing.T) {
		t.Helper()
		for _, load := range loads {
			load.flows(t)
		}
	}

	t.Run("a change goes to both", func(t *testing.T) {
		x.SetVersion("2")
		second := x.deploy(t)
		second.want(t, app.Succeeded, 0)
		x.runsIntended(t, second.Release, both...)
		flow(t)
	})
	t.Run("a release command runs once for each release", func(t *testing.T) {
		if n := x.releaseCommands(t, s.host); n != 2 {
			t.Errorf("two releases made %d runs of the command on the first host", n)
		}
		if n := x.releaseCommands(t, newer); n != 0 {
			t.Errorf("the command ran %d times on the second host", n)
		}
	})
	t.Run("a failure on one leaves both as they were", func(t *testing.T) {
		on(t, s.host, "mkdir", "/srv/only-here")
		x.set("3", web{own: released.own, keys: "    volumes:\n      - { type: bind, source: /srv/only-here, target: /here, bind: { create_host_path: false } }\n"})
		var before [][]string
		for _, h := range both {
			before = append(before, footprint(t, h))
		}
		e := x.deploy(t)
		e.want(t, app.FailedClean, 3)
		if f := e.Failure; f == nil || f.Host != newer.Name || !strings.Contains(f.Message, "/srv/only-here") {
			t.Errorf("the failure is %+v", f)
		}
		for i, h := range both {
			same(t, before[i], footprint(t, h))
		}
		flow(t)
	})
	t.Run("one that is cut off is left behind, and finished when it is back", func(t *testing.T) {
		x.set("4", web{own: released.own, health: "within: 30s, stable_for: 2s"})
		deploy := x.begin("deploy", "--allow-partial")
		reaches(t, deploy, "AwaitStable")
		newer.Link.Cut()
		defer newer.Link.Restore()
		e := outcome(t, deploy)
		e.want(t, app.Partial, 0)
		if len(e.Behind) != 1 || e.Behind[0] != newer.Name || !strings.HasPrefix(e.Release, "3-") {
			t.Errorf("the result: %+v", e.Result)
		}
		x.runsIntended(t, e.Release, s.host)
		if err := serves(t.Context(), newer.URL(), x.route, "2"); err != nil {
			t.Error(err)
		}
		if out := x.longshore(t, "status"); !strings.Contains(out.Stdout, "behind    "+newer.Name) {
			t.Errorf("the status: %s", out)
		}
		newer.Link.Restore()
		harness.Eventually(t, patience, func() error { return serves(t.Context(), newer.URL(), x.route, "4") })
		harness.Eventually(t, patience, func() error {
			if state := x.state(t, s.Client(), ""); state.Running != nil || len(state.Behind) > 0 {
				return fmt.Errorf("the site: %+v", state)
			}
			return nil
		})
	})
	for i, load := range loads {
		load.lossless(t, "1", "2", "4")
		if n := len(x.inspect(t, both[i], "web", "{{.ID}}")); n != 2 {
			t.Errorf("%d containers of web are on %s", n, both[i].Name)
		}
	}
}

// releaseCommands counts the release commands of the site that were started on a host since it was made.
func (x *site) releaseCommands(t *testing.T, h *hosts.Host) int {
	t.Helper()
	now := on(t, h, "date", "+%s")
	return strings.Count(on(t, h, "docker", "events", "--since", "1", "--until", now, "--filter", "event=start",
		"--filter", "label="+app.LabelSite+"="+x.full(), "--filter", "label="+app.LabelRole+"="+app.RoleReleaseCommand, "--format", "{{.ID}}\n"), "\n")
}
