//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
)

// releases are those that the site's host keeps, newest first.
func (x *site) releases(t *testing.T) []inspect.Release {
	t.Helper()
	var answers []inspect.ReleasesResponse
	if out := x.longshore(t, "releases", "-o", "json"); out.Code != 0 || out.Result(&answers) != nil || len(answers) != 1 {
		t.Fatal(out)
	}
	return answers[0].Releases
}

// keepsReleases deploys more releases than are kept.
func keepsReleases(t *testing.T, s *scene) {
	x := s.newSite("keep")
	x.Write("longshore.yml", "keep: 2\n"+read(t, x.Dir, "longshore.yml"))
	for _, version := range []string{"1", "2", "3"} {
		x.SetVersion(version)
		x.deploy(t, "--why", "version "+version).want(t, app.Succeeded, 0)
	}
	kept := x.releases(t)
	if len(kept) != 2 || kept[0].Number != 3 || !kept[0].Current || kept[0].Why != "version 3" || kept[1].Number != 2 || kept[1].Current {
		t.Errorf("kept are %+v", kept)
	}
	want := []string{"longshore/" + x.name() + "/web:" + kept[1].ID, "longshore/" + x.name() + "/web:" + kept[0].ID}
	images := on(t, s.host, "docker", "images", "--filter", "reference=longshore/"+x.name()+"/*", "--format", "{{.Repository}}:{{.Tag}}")
	if got := sorted(images); !slices.Equal(got, want) {
		t.Errorf("the host has the images %q, not %q", got, want)
	}
	if got := x.built(t); len(got) != 2 || !strings.Contains(got[0], want[0]) || !strings.Contains(got[1], want[1]) {
		t.Errorf("the builder has the images %q, not %q", got, want)
	}
}

// engineLost deploys with an engine that has forgotten everything.
func engineLost(t *testing.T, s *scene) {
	x := s.newSite("lost")
	first := x.deploy(t)
	first.want(t, app.Succeeded, 0)
	x.SetVersion("2")
	second := x.deploy(t)
	second.want(t, app.Succeeded, 0)
	load := x.traffic(t, s.host, 1)

	s.engine.Kill()
	found, err := filepath.Glob(filepath.Join(s.State, "engine.db*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("the engine's data: %q, %v", found, err)
	}
	for _, file := range found {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	s.engine.Restart()
	s.worker.Restart()
	if out := x.longshore(t, "watch"); out.Code != 1 || !strings.Contains(out.Stderr, "knows no run") {
		t.Errorf("the engine has not forgotten: %s", out)
	}
	back := x.ask(t, "rollback")
	back.want(t, app.Succeeded, 0)
	if back.Of != first.Release || back.Previous != second.Release || !strings.HasPrefix(back.Release, "3-") {
		t.Errorf("the rollback after the loss: %+v", back.Result)
	}
	if e := x.ask(t, "rollback", "--to", "1"); e.Outcome != app.Unchanged || e.Release != back.Release {
		t.Errorf("what runs already is %s", e)
	}
	x.SetVersion("3")
	last := x.deploy(t)
	last.want(t, app.Succeeded, 0)
	if !strings.HasPrefix(last.Release, "4-") || last.Previous != back.Release {
		t.Errorf("the release after the loss: %+v", last.Result)
	}
	load.flows(t)
	load.lossless(t, "2", "1", "3")
	x.runsIntended(t, last.Release, s.host)
	if kept := x.releases(t); len(kept) != 4 {
		t.Errorf("kept are %+v", kept)
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
