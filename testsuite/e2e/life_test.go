//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// A site's life beside its deploys: stopped and started, scaled and restarted, frozen, mended, and removed.
func TestLife(t *testing.T) {
	s := newScene(t)
	empty := footprint(t, s.host)
	x := s.newSite("life")
	// A request that dials the container that is stopped by hand takes a few seconds to find out.
	w := web{rest: jobs, drain: "20s"}
	x.set("1", w)
	first := x.deploy(t)
	first.want(t, app.Succeeded, 0)
	load := x.traffic(t, s.host, 0)

	t.Run("restarted and scaled", func(t *testing.T) {
		ids := x.inspect(t, s.host, "web", "{{.ID}}")
		store := x.inspect(t, s.host, "jobs", "{{.ID}}")
		restarted := x.ask(t, "restart", "web")
		restarted.want(t, app.Succeeded, 0)
		for _, id := range x.inspect(t, s.host, "web", "{{.ID}}") {
			if slices.Contains(ids, id) {
				t.Errorf("the container %s was not restarted", id)
			}
		}
		if got := x.inspect(t, s.host, "jobs", "{{.ID}}"); !slices.Equal(got, store) {
			t.Error("what was not named was restarted too")
		}
		x.ask(t, "scale", "web=3").want(t, app.Succeeded, 0)
		if got := x.inspect(t, s.host, "web", "{{.State.Status}}"); !slices.Equal(got, []string{"running", "running", "running"}) {
			t.Errorf("scaled to three: %q", got)
		}
		x.ask(t, "scale", "web=3").want(t, app.Unchanged, 0)
		load.flows(t)
	})
	t.Run("frozen", func(t *testing.T) {
		if out := x.longshore(t, "freeze", "--why", "the sale"); out.Code != 0 {
			t.Fatal(out)
		}
		x.SetVersion("2")
		e := x.deploy(t)
		e.want(t, app.Refused, 5)
		if f := e.Failure; f == nil || f.Kind != app.KindFrozen || !strings.Contains(f.Message, "the sale") {
			t.Errorf("the failure: %+v", f)
		}
		x.deploy(t, "--break-freeze").want(t, app.Succeeded, 0)
		if kept := x.releases(t); !strings.Contains(kept[0].Why, "freeze") {
			t.Errorf("the release: %+v", kept[0])
		}
		if out := x.longshore(t, "thaw"); out.Code != 0 {
			t.Fatal(out)
		}
		x.deploy(t).want(t, app.Unchanged, 0)
	})
	t.Run("mended", func(t *testing.T) {
		names := x.inspect(t, s.host, "web", "{{.Name}}")
		on(t, s.host, "docker", "stop", "--time", "1", names[0])
		out := x.longshore(t, "status")
		if out.Code != 0 || !strings.Contains(out.Stdout, "1 of 2 running") {
			t.Errorf("the status: %s", out)
		}
		e := x.deploy(t, "--repair")
		e.want(t, app.Succeeded, 0)
		if got := x.inspect(t, s.host, "web", "{{.State.Status}}"); !slices.Equal(got, []string{"running", "running"}) {
			t.Errorf("mended: %q", got)
		}
		x.deploy(t, "--repair").want(t, app.Unchanged, 0)
	})
	load.lossless(t, "1", "2")
	t.Run("stopped and started", func(t *testing.T) {
		x.ask(t, "stop").want(t, app.Succeeded, 0)
		for _, service := range []string{"web", "jobs"} {
			for _, state := range x.inspect(t, s.host, service, "{{.State.Status}}") {
				if state != "exited" {
					t.Errorf("%s is %s", service, state)
				}
			}
		}
		response, err := get(t.Context(), s.host.URL(), x.route)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 404 {
			t.Errorf("the edge answers %s for a stopped site", response.Status)
		}
		if out := x.longshore(t, "status"); !strings.Contains(out.Stdout, "stopped") {
			t.Errorf("the status: %s", out)
		}
		x.ask(t, "stop").want(t, app.Unchanged, 0)
		x.ask(t, "start").want(t, app.Succeeded, 0)
		if err := serves(t.Context(), s.host.URL(), x.route, "2"); err != nil {
			t.Error(err)
		}
		x.ask(t, "start").want(t, app.Unchanged, 0)
	})
	t.Run("removed", func(t *testing.T) {
		if out := x.longshore(t, "remove"); out.Code != 2 {
			t.Errorf("with nobody to ask: %s", out)
		}
		x.ask(t, "remove", "--yes").want(t, app.Succeeded, 0)
		same(t, append(slices.Clone(empty), "volume "+x.name()+"-jobs"), footprint(t, s.host))
		x.ask(t, "remove", "--yes", "--volumes").want(t, app.Succeeded, 0)
		same(t, empty, footprint(t, s.host))
		again := x.deploy(t)
		again.want(t, app.Succeeded, 0)
		if err := serves(t.Context(), s.host.URL(), x.route, "2"); err != nil {
			t.Error(err)
		}
	})
}
