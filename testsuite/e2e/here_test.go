//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// The first steps of a new user: the engine as `longshore up` starts it, a deploy to this machine, and its web UI.
func TestHere(t *testing.T) {
	w := harness.New(t)
	h := w.LocalHost()
	w.Up(t.Context())
	s := &scene{World: w}
	x := s.newSite("here", h)
	first := x.deploy(t)
	first.want(t, app.Succeeded, 0)
	url := fmt.Sprintf("http://127.0.0.1:%d", h.Edge.HTTP)
	if want := fmt.Sprintf("http://%s:%d/", x.route, h.Edge.HTTP); !slices.Contains(first.URLs, want) {
		t.Errorf("the URLs are %q, not %q", first.URLs, want)
	}
	load := trafficTo(t, url, x.route, 1)
	x.SetVersion("2")
	second := x.deploy(t)
	second.want(t, app.Succeeded, 0)
	load.flows(t)
	load.lossless(t, "1", "2")
	x.runsIntendedHere(t, second.Release)
	x.deploy(t).want(t, app.Unchanged, 0)

	t.Run("the web UI reads like a deploy log", func(t *testing.T) {
		var status struct{ Queue struct{ URL string } }
		x.reads(t, &status, "status")
		webUI(t, status.Queue.URL, "unchanged", x.project)
	})
}
