package command

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/workflows"
)

func TestStatusForAPerson(t *testing.T) {
	now := time.Date(2025, 3, 4, 12, 0, 0, 0, time.Local)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	site := app.Site{Org: "default", Project: "shop", Name: "production"}
	status := siteStatus{
		Site:   site.String(),
		Freeze: &app.Freeze{By: "ann", Why: "the sale", Until: now.Add(6 * time.Hour)},
		Behind: []string{"web-2"},
		Queue: queueStatus{
			Running:  &workflows.Waiting{ID: "r3", Kind: app.RunDeploy, Source: "abc", By: "ci", Since: ago(5 * time.Second)},
			Question: &workflows.Question{Text: "Keep it?"},
			Waiting:  []workflows.Waiting{{ID: "r4", Kind: app.RunRollback, Source: "41", By: "ann", Why: "it is slow", At: ago(time.Second)}},
			Ended: []workflows.EndedRun{
				{
					Waiting: workflows.Waiting{ID: "r2", Kind: app.RunDeploy, Source: "bad", By: "ci"}, Outcome: app.FailedClean,
					Release: "43-bad", Previous: "42-abc", Returned: true, BrokeFreeze: true, Problem: "web died\nof cold", EndedAt: ago(time.Minute),
				},
				{Waiting: workflows.Waiting{ID: "r1", Kind: app.RunRestart, By: "ann"}, Outcome: app.Partial, Release: "42-abc", EndedAt: ago(time.Hour)},
			},
		},
		Hosts: []inspect.StatusResponse{
			{
				Host: "web-1", Release: "42-abc", Of: "41-abc", At: ago(time.Hour), Stable: true, InFlight: 7,
				Services: []inspect.ServiceStatus{{Service: "db", Wanted: 1}, {Service: "web", Routed: true, Wanted: 2, Running: 2, Healthy: 1}},
				Drift:    []app.Drift{{Kind: app.DriftMissing, Service: "db", Detail: "has 0 of 1 replicas"}},
			},
			{Host: "web-2", Release: "40-aaa", Stopped: true, Services: []inspect.ServiceStatus{{Service: "web", Routed: true, Wanted: 2}}},
			{Host: "web-3"},
			{Host: "web-4", Problem: &inspect.Problem{Message: "is told of elsewhere"}},
		},
	}
	var out bytes.Buffer
	c := &cli{Streams: Streams{Out: &out}, format: display.Plain}
	if err := c.printStatus(&config.Project{Spec: app.Spec{Site: site}}, status, now); err != nil {
		t.Fatal(err)
	}
	want := `default/shop/production
frozen    by ann until 18:00 (the sale)
behind    web-2: the current release is not there yet, and comes when the host answers
runs      deploy abc by ci, 5s ago  (r3)
asks      Keep it?
          answer with longshore approve or longshore reject --site production
waits     rollback to 41 by ann (it is slow), 1s ago  (r4)
ended     deploy bad by ci: failed-clean, returned to 42-abc in spite of a freeze (web died…), 1m ago  (r2)
ended     restart by ann: partial as 42-abc, 1h ago  (r1)

HOST   RELEASE           SINCE   SERVICE  REPLICAS                   TRAFFIC
web-1  42-abc = 41-abc   1h ago  db       0 of 1 running, 0 healthy
                                 web      2 of 2 running, 1 healthy  routed, 7 requests in flight
web-2  40-aaa, stopped   -       web      0 of 2 running, 0 healthy
web-3  nothing deployed

other than recorded:
  web-1, db: has 0 of 1 replicas
put it in order with  longshore deploy --repair --site production
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func TestStatusOfAnUnknownQueue(t *testing.T) {
	for want, q := range map[string]queueStatus{
		"queue     unknown: no engine answers\n":                  {Unknown: "no engine answers"},
		"queue     empty: this engine knows no run of the site\n": {None: true},
		"": {},
	} {
		var out bytes.Buffer
		c := &cli{Streams: Streams{Out: &out}, format: display.Plain}
		if c.printQueue(app.Site{}, q, time.Now()); out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
}

func TestReleasesForAPerson(t *testing.T) {
	for _, test := range []struct {
		release         inspect.Release
		what, reachable string
	}{
		{inspect.Release{Subject: "faster", Reachable: true}, "faster", "yes"},
		{inspect.Release{Subject: "faster", Why: "for the sale", Gone: map[string]string{"web": "sha256:1", "db": "sha256:2"}}, "faster; for the sale", "no, without the image of db, web"},
		{inspect.Release{Subject: "faster", Kind: app.RunRollback, Of: "3-abc", Returned: "web died"}, "rollback to 3-abc; web died", "no"},
		{inspect.Release{Why: "no subject"}, "no subject", "no"},
	} {
		if got := whatOf(test.release); got != test.what {
			t.Errorf("got %q, want %q", got, test.what)
		}
		if got := reachable(test.release); got != test.reachable {
			t.Errorf("got %q, want %q", got, test.reachable)
		}
	}
}
