//go:build bench

package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness/load"
)

// rollback measures the way between two releases, back and back again, under load: from the command to the other
// release's first answer and to the command's end.
func rollback(t *testing.T, s *scene) []row {
	const route = "rollback.example"
	x := s.newApp("rollback", route, "stable_for: 0s")
	releases := map[string]string{} // by the app's version, the newest of each
	do := func(version string, args ...string) (served, ended time.Duration) {
		t.Helper()
		start := time.Now()
		c := s.Start(x.Dir, append(args, "-o", "json")...)
		served = s.untilServed(t, route, version).Sub(start)
		out, err := c.Wait(t.Context())
		ended = time.Since(start)
		var result app.Result
		if err == nil {
			err = out.Result(&result)
		}
		if err != nil || result.Outcome != app.Succeeded {
			t.Fatalf("%v: %s", err, out)
		}
		releases[version] = result.Release
		return served, ended
	}
	versions := []string{"one", "two"}
	for _, version := range versions {
		x.SetVersion(version)
		s.must(t, x.Dir, "deploy")
		releases[version] = fmt.Sprint(len(releases) + 1)
	}
	running, err := load.Start(t.Context(), load.Options{
		URL: s.host.URL(), Host: route, Rate: 100, SlowFor: 500 * time.Millisecond,
		Connections: map[load.Kind]int{load.Get: 4, load.Post: 4, load.Slow: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	var served, ended []time.Duration
	for i := range 7 {
		version := versions[i%2]
		toServed, toEnd := do(version, "rollback", "--to", releases[version])
		served, ended = append(served, toServed), append(ended, toEnd)
	}
	r := running.Stop()
	slices.Sort(served)
	slices.Sort(ended)
	return []row{
		{"rollback to the release before on one SSH host, under load, to its serving, median of 7 (slowest)", spread(served), "3 s"},
		{"the same, to the end of the command, when the other release is gone", spread(ended), ""},
		{"requests lost in these rollbacks (GET, POST, slow answers)", fmt.Sprintf("%d of %d", r.Lost, r.Made), "0"},
	}
}
