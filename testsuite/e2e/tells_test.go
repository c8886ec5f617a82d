//go:build e2e

package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
)

// tells holds the CLI's reads to what runs.
func tells(t *testing.T, s *scene) {
	x := s.newSite("tells")
	x.set("1", web{rest: "  jobs:\n    build: .\n"})
	e := x.deploy(t, "--why", "to be told of")
	e.want(t, app.Succeeded, 0)
	host := s.host.Name

	t.Run("ps", func(t *testing.T) {
		var got []inspect.PsResponse
		x.reads(t, &got, "ps")
		if len(got) != 1 || got[0].Host != host || got[0].Problem != nil || len(got[0].Containers) != 3 {
			t.Fatalf("%+v", got)
		}
		for i, service := range []string{"jobs", "web", "web"} {
			if c := got[0].Containers[i]; c.Service != service || c.Release != e.Release || c.Status != "running" || c.Restarts != 0 {
				t.Errorf("container %d is %+v", i, c)
			}
		}
		x.shows(t, []string{"ps"}, "HOST", host, "jobs", "web", e.Release, "running")
	})
	t.Run("status", func(t *testing.T) {
		var got struct {
			Site  string
			Queue struct {
				Ended []struct{ Outcome, Release, Why string }
			}
			Hosts []inspect.StatusResponse
		}
		x.reads(t, &got, "status")
		if got.Site != x.full() || len(got.Queue.Ended) != 1 || len(got.Hosts) != 1 || got.Hosts[0].Release != e.Release || len(got.Hosts[0].Services) != 2 {
			t.Fatalf("%+v", got)
		}
		if ended := got.Queue.Ended[0]; ended.Outcome != string(app.Succeeded) || ended.Release != e.Release || ended.Why != "to be told of" {
			t.Errorf("the last run is %+v", ended)
		}
		want := inspect.ServiceStatus{Service: "web", Routed: true, Wanted: 2, Running: 2, Healthy: 2}
		if web := got.Hosts[0].Services[1]; web != want {
			t.Errorf("web is %+v, not %+v", web, want)
		}
		x.shows(t, []string{"status"}, host, e.Release, "2 of 2 running, 2 healthy", "1 of 1 running", "routed", "succeeded as "+e.Release)
	})
	t.Run("releases", func(t *testing.T) {
		kept := x.releases(t)
		if len(kept) != 1 || kept[0].ID != e.Release || !kept[0].Current || kept[0].Why != "to be told of" || !strings.HasPrefix(kept[0].SHA, strings.TrimPrefix(e.Release, "1-")) {
			t.Errorf("%+v", kept)
		}
		x.shows(t, []string{"releases"}, host, e.Release, "current", "succeeded", "to be told of")
	})
	t.Run("logs", func(t *testing.T) {
		x.shows(t, []string{"logs"}, host+" web.1 | version 1 serves on port 3000", host+" web.2 | version 1 serves", host+" jobs.1 | version 1 serves")
		x.shows(t, []string{"logs", "jobs"}, "version 1 serves on port 3000")
		if out := x.longshore(t, "logs", "job"); out.Code != 2 || !strings.Contains(out.Stderr, `no service "job"`) {
			t.Error(out)
		}
	})
	t.Run("doctor", func(t *testing.T) {
		x.shows(t, []string{"doctor"}, host, "ok", "20.10", "engine")
		if out := x.longshore(t, "doctor", "-o", "json"); out.Code != 0 || !json.Valid([]byte(out.Stdout)) || strings.Contains(out.Stdout, `"fail"`) {
			t.Error(out)
		}
	})
	t.Run("config", func(t *testing.T) {
		var got app.Spec
		x.reads(t, &got, "config")
		if got.Site.String() != x.full() || len(got.Services) != 2 || len(got.Hosts) != 1 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("with a host that does not answer", func(t *testing.T) {
		s.host.Link.Cut()
		defer s.host.Link.Restore()
		for _, command := range []string{"ps", "status", "releases"} {
			if out := x.longshore(t, command); out.Code != 1 || !strings.HasPrefix(out.Stderr, host+": ") || !strings.Contains(out.Stderr, "cannot be reached") {
				t.Errorf("%s: %s", command, out)
			}
		}
	})
}

// reads decodes what a command answers as JSON.
func (x *site) reads(t *testing.T, into any, args ...string) {
	t.Helper()
	out := x.longshore(t, append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(out.Stdout), into); err != nil || out.Code != 0 {
		t.Fatalf("%v: %s", err, out)
	}
}

// shows checks what a command shows a person.
func (x *site) shows(t *testing.T, args []string, wants ...string) {
	t.Helper()
	out := x.longshore(t, args...)
	for _, want := range wants {
		if out.Code != 0 || !strings.Contains(out.Stdout, want) {
			t.Errorf("%q is not in what %s shows: %s", want, args[0], out)
		}
	}
}
