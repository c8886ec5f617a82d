package release_test

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
)

// secrets are the site's files of secrets that are left on the host.
func (p place) secrets(t *testing.T) []string {
	t.Helper()
	var out []string
	for path := range p.files(t) {
		if name, ok := strings.CutPrefix(path, "secrets/"); ok {
			out = append(out, name)
		}
	}
	return out
}

func (p place) write(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := p.Host().Files().Write(t.Context(), fence.SiteDir(site)+"/"+name, []byte("x"), 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPruneAndCleanSweepSecrets(t *testing.T) {
	p := newPlace(t)
	p.record(t, true, "1-a", "2-b")
	_, err := p.Host().Engine().ContainerCreate(t.Context(), "web-1", app.Container{
		Image:  "longshore/shop-production/web:2-b",
		Labels: map[string]string{app.LabelSite: site.String(), app.LabelRelease: "1-a", app.LabelService: "web", app.LabelSecrets: "DB@1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "secrets/1-a/web/mounted/db", "secrets/1-a/web/before-2-b/mounted/db", "secrets/1-a/worker/mounted/db", "secrets/3-c/web/mounted/db")
	do(t, p, p.activities.Clean, activities.CleanInput{Target: p.target(), Release: "3-c"})
	if left := p.secrets(t); len(left) != 3 {
		t.Errorf("a release is cleaned, and left are %v", left)
	}
	do(t, p, p.activities.Prune, activities.PruneInput{Target: p.target(), Keep: 5})
	if left := p.secrets(t); len(left) != 1 || left[0] != "1-a/web/mounted/db" {
		t.Errorf("the site is pruned, and left are %v", left)
	}
}

// What is sealed is for those who have the key ring, and still is nobody else's to copy.
func TestTheRecordIsTheOwnersAlone(t *testing.T) {
	p := newPlace(t)
	p.record(t, true, "1-a")
	f, ok := p.StateFile(fence.SiteDir(site) + "/releases/1-a.json")
	if !ok || f.Mode != 0o600 {
		t.Errorf("mode %o, there: %v", f.Mode, ok)
	}
}
