//go:build bench

package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/harness/load"
)

// redeploy measures a change of one line in a small image, from the command to the new release's first answer and to
// the command's end, which is after the old release is gone.
func redeploy(t *testing.T, s *scene) []row {
	x := s.newApp("redeploy", "redeploy.example", "stable_for: 0s")
	s.must(t, x.Dir, "deploy")
	var served, ended []time.Duration
	for i := range 7 {
		version := fmt.Sprintf("change-%d", i)
		x.SetVersion(version)
		x.Commit(version)
		start := time.Now()
		c := s.Start(x.Dir, "deploy")
		served = append(served, s.untilServed(t, "redeploy.example", version).Sub(start))
		out, err := c.Wait(t.Context())
		if err != nil || out.Code != 0 {
			t.Fatalf("%v: %s", err, out)
		}
		ended = append(ended, time.Since(start))
	}
	slices.Sort(served)
	slices.Sort(ended)
	return []row{
		{"redeploy of a one-line change to one SSH host, to the new release serving, median of 7 (slowest)", spread(served), "4 s"},
		{"the same, to the end of the command", spread(ended), ""},
	}
}

func spread(sorted []time.Duration) string {
	return fmt.Sprintf("%s (%s)", short(sorted[len(sorted)/2]), short(sorted[len(sorted)-1]))
}

// newApp is the test app in two replicas, with the health setting given.
func (s *scene) newApp(name, route, stable string) *harness.App {
	files := harness.Files(s.Project(name), route, []app.Host{s.host.AppHost()})
	files["compose.yaml"] = strings.Replace(files["compose.yaml"], "stable_for: 500ms", stable, 1)
	return s.NewApp(files)
}

// untilServed asks until the version answers.
func (s *scene) untilServed(t *testing.T, route, version string) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.host.URL()+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = route
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if response.Header.Get("App-Version") == version {
			return time.Now()
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// wantedRequests is how many the deploys in a row must live through.
const wantedRequests = 100_000

// tenDeploys counts what ten deploys in a row lose under load, and goes on until enough requests were made.
func tenDeploys(t *testing.T, s *scene) []row {
	x := s.newApp("ten", "ten.example", "stable_for: 0s")
	s.must(t, x.Dir, "deploy")
	running, err := load.Start(t.Context(), load.Options{
		URL: s.host.URL(), Host: "ten.example", SlowFor: time.Second,
		Connections: map[load.Kind]int{load.Get: 8, load.Post: 8, load.WebSocket: 2, load.Slow: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	deploys := 0
	for deploys < 10 || running.Report().Made < wantedRequests {
		deploys++
		x.SetVersion(fmt.Sprintf("ten-%d", deploys))
		x.Commit("change")
		s.must(t, x.Dir, "deploy")
	}
	r := running.Stop()
	for _, loss := range r.Losses {
		t.Errorf("lost: %+v", loss)
	}
	return []row{{
		fmt.Sprintf("requests lost in %d deploys in a row (GET, POST, slow answers, WebSocket messages)", deploys),
		fmt.Sprintf("%d of %d", r.Lost, r.Made), "0 of 100,000",
	}}
}
