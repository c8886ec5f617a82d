//go:build e2e || soak

package faults

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	historypb "go.temporal.io/api/history/v1"

	"github.com/longshore-dev/longshore/internal/app"
)

// struck lets a fault strike a run at each of the steps while that is under way, or just after its end.
func (d *deploy) struck(t *testing.T, steps []string, fault func(t *testing.T)) {
	t.Helper()
	left := slices.Clone(steps)
	d.run.Follow(t, func(e *historypb.HistoryEvent) bool {
		a := e.GetActivityTaskScheduledEventAttributes()
		if i := slices.Index(left, a.GetActivityType().GetName()); i >= 0 {
			t.Logf("%s %s: strike at %s, under way: %t", time.Now().Format("15:04:05.000"), d.run.ID, left[i], d.run.Underway(t, a.GetActivityId()))
			left = slices.Delete(left, i, i+1)
			fault(t)
		}
		return true
	})
	if len(left) > 0 {
		t.Errorf("never struck at: %v", left)
	}
}

// back waits for a rollback's end, and wants an older version to serve in a release of its own, whole.
func (d *deploy) back(t *testing.T, version int) {
	t.Helper()
	result := d.result(t, 0, app.Succeeded)
	d.release = result.Release
	d.servesStill(t, version)
	starts, err := d.starts(t, d.release, d.began)
	if err != nil || len(starts) != containers {
		t.Errorf("containers were started: %v, %v", starts, err)
	}
	for name, n := range starts {
		if n != 1 {
			t.Errorf("container %s was started %d times", name, n)
		}
	}
}

// Runs from the records are struck at their steps: they end as if nothing had happened.
func TestOtherRunsAreStruck(t *testing.T) {
	t.Parallel()
	s := set(t)
	s.host.Link.Delay(15 * time.Millisecond)
	first, second := s.version-1, s.version
	s.underLoad(t, func() {
		d := s.ask(t, app.RunRollback)
		d.struck(t, []string{"Start", "Switch"}, s.killWorker)
		d.back(t, first)
		d = s.ask(t, app.RunRollback, "--to", strconv.Itoa(second))
		d.struck(t, []string{"Recall", "TakeFence", "Start", "Switch", "Record", "Mark"}, s.killEngine)
		d.back(t, second)
	})
	d := s.ask(t, app.RunStop)
	d.struck(t, []string{"Stop"}, s.killWorker)
	d.result(t, 0, app.Succeeded)
	s.hasOnly(t, s.release, "exited")

	d = s.ask(t, app.RunStart)
	d.struck(t, []string{"Observe", "Switch"}, s.killEngine)
	d.release = d.result(t, 0, app.Succeeded).Release
	s.hasOnly(t, d.release, "running")
	if got, err := s.serving(t); err != nil || got != strconv.Itoa(second) {
		t.Errorf("after the start %q serves, %v", got, err)
	}

	d = s.ask(t, app.RunRemove, "--yes")
	d.struck(t, []string{"Erase"}, s.killBoth)
	d.result(t, 0, app.Succeeded)
	s.hasOnly(t, "", "")
	if volumes, err := s.host.Exec(t.Context(), "docker", "volume", "ls", "--quiet", "--filter", "label="+app.LabelSite+"="+s.site.String()); err != nil || volumes == "" {
		t.Errorf("the volumes that are left: %q, %v", volumes, err)
	}
	s.begin(t).result(t, 0, app.Succeeded)
}

// hasOnly wants the host to have containers of one release alone, all of its services in one state; none for "".
func (s *stage) hasOnly(t *testing.T, release, state string) {
	t.Helper()
	found, err := s.containers(t)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range found {
		if c.role != app.RoleService {
			continue
		}
		n++
		if c.release != release || c.state != state {
			t.Errorf("not %s in release %s: %+v", state, release, c)
		}
	}
	if want := map[bool]int{true: containers}[release != ""]; n != want {
		t.Errorf("%d containers, not %d: %+v", n, want, found)
	}
}

// canaryTerminated terminates a run while its release gets a share of the requests, which leaves the edge as it is. The
// next one puts it in order, and loses none of them.
func (s *stage) canaryTerminated(t *testing.T) {
	s.underLoad(t, func() {
		plain := fmt.Sprintf(compose, "")
		s.app.Write("compose.yaml", "x-longshore: { canary: { weights: [30, 100], each: 1h } }\n"+plain)
		d := s.begin(t)
		d.at(t, "Watch", 1)
		seen := map[string]bool{}
		for range 20 {
			version, err := s.serving(t)
			if err != nil {
				t.Fatal(err)
			}
			seen[version] = true
		}
		if len(seen) != 2 {
			t.Errorf("the versions that serve are %v", seen)
		}
		d.terminate(t)
		s.app.Write("compose.yaml", plain)
		next := s.begin(t)
		s.release = next.result(t, 0, app.Succeeded).Release
		s.inOrder(t)
	})
}
