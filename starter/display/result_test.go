package display

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestResultOfAFailure(t *testing.T) {
	r := app.Result{
		Outcome: app.FailedDirty, Site: "default/shop/production", Previous: "1-aaaaaaa", DurationMS: 65_000,
		Failure: &app.Failure{
			Kind: "unhealthy", Step: "wait for health", Host: "web-1", Service: "web", Message: "not healthy\nwithin 60s",
			Exited: true, ExitCode: 3, Logs: []string{"panic: \x1b[31mno database"}, Left: []string{"web-1: a container"}, Advice: "Look at the log.",
		},
		Notes: []string{"a note"},
	}
	var out bytes.Buffer
	if err := Result(&out, Plain, r, "http://ui/run"); err != nil {
		t.Fatal(err)
	}
	want := `failed-dirty default/shop/production after 1m05s: something is left over

wait for health, service web, on web-1 (unhealthy)
  not healthy
  within 60s
  exit code 3

the last lines that it printed:
  | panic: [31mno database

left over:
  web-1: a container

what to do:
  Look at the log.
note: a note
the whole run: http://ui/run
`
	if diff := gocmp.Diff(want, out.String()); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestResultHeadlines(t *testing.T) {
	r := app.Result{
		Site: "default/shop/production", Release: "2-abc", Previous: "1-aaa", DurationMS: 1500,
		Transfer: app.Transferred{SentBytes: 8_400_000, ImageBytes: 358_400_000}, Behind: []string{"web-2", "web-3"},
	}
	tests := map[app.Outcome]string{
		app.Succeeded:   "succeeded default/shop/production: 2-abc is live after 1.5s, 8.4 MB sent, 350.0 MB saved\n",
		app.Unchanged:   "unchanged default/shop/production: 2-abc runs already, nothing to do\n",
		app.FailedClean: "failed-clean default/shop/production after 1.5s: nothing is left over, 1-aaa serves as before\n",
		app.Cancelled:   "cancelled default/shop/production after 1.5s: nothing is left over, 1-aaa serves as before\n",
		app.Refused:     "refused default/shop/production: nothing was changed\n",
		app.Superseded:  "superseded default/shop/production: a newer deploy took its place in the queue, nothing was changed\n",
		app.Partial: "partial default/shop/production: 2-abc is live after 1.5s, 8.4 MB sent, 350.0 MB saved, but not on web-2, web-3\n" +
			"  The rest is finished by itself when it comes back; longshore status shows it until then.\n",
	}
	for outcome, want := range tests {
		r.Outcome = outcome
		var out bytes.Buffer
		if err := Result(&out, Plain, r, ""); err != nil || out.String() != want {
			t.Errorf("got %q (%v), want %q", out.String(), err, want)
		}
	}
}

func TestHeadlineOfEachKind(t *testing.T) {
	const site = " default/shop/production"
	for want, r := range map[string]app.Result{
		"succeeded" + site + ": 4-abc (rollback to 2-abc) is live after 1.5s":        {Kind: app.RunRollback, Release: "4-abc", Of: "2-abc"},
		"succeeded" + site + ": 4-abc (secrets rotated in 2-abc) is live after 1.5s": {Kind: app.RunRotate, Release: "4-abc", Of: "2-abc"},
		"succeeded" + site + ": 4-abc (restart of 2-abc) is live after 1.5s":         {Kind: app.RunRestart, Release: "4-abc", Of: "2-abc"},
		"succeeded" + site + ": stopped after 1.5s":                                  {Kind: app.RunStop, Release: "4-abc"},
		"succeeded" + site + ": removed after 1.5s":                                  {Kind: app.RunRemove},
		"unchanged" + site + ": it is stopped already":                               {Kind: app.RunStop, Outcome: app.Unchanged},
		"unchanged" + site + ": 4-abc runs as it is recorded, nothing to mend":       {Kind: app.RunRepair, Outcome: app.Unchanged, Release: "4-abc"},
		"cancelled" + site + ": nothing was changed":                                 {Outcome: app.Cancelled, DurationMS: -1500},
		"failed-clean" + site + " after 1.5s: 4-abc served and was found unwell, so the traffic went back; 3-abc serves": {
			Outcome: app.FailedClean, Release: "4-abc", Previous: "3-abc", Returned: true,
		},
	} {
		r.Site, r.Outcome, r.DurationMS = "default/shop/production", cmp.Or(r.Outcome, app.Succeeded), r.DurationMS+1500
		if got := (paint{}).headline(r); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestResultOfAFailureSaysWhatServes(t *testing.T) {
	for want, r := range map[string]app.Result{
		"nothing was changed":                          {},
		"nothing is left over, no release serves":      {Release: "1-aaa"},
		"nothing is left over, 1-aaa serves as before": {Release: "2-bbb", Previous: "1-aaa"},
	} {
		for _, r.Outcome = range []app.Outcome{app.FailedClean, app.Cancelled} {
			var out bytes.Buffer
			if err := Result(&out, Plain, r, ""); err != nil || !strings.HasSuffix(out.String(), ": "+want+"\n") {
				t.Errorf("got %q (%v), want %q", out.String(), err, want)
			}
		}
	}
}

func TestResultInJSONIsOneLine(t *testing.T) {
	var out bytes.Buffer
	if err := Result(&out, JSON, app.Result{Outcome: app.Succeeded, Site: "a/b/c", DurationMS: 7}, "http://ui"); err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(out.Bytes(), &object); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("got %q (%v)", out.String(), err)
	}
	if object["outcome"] != "succeeded" || object["duration_ms"] != 7.0 || object["transfer"] == nil {
		t.Errorf("got %v", object)
	}
}

func TestPlan(t *testing.T) {
	plan := app.Plan{
		Site: "default/shop/production", Release: "2-abc", Previous: "1-aaa", Builds: []string{"web"},
		ReleaseCommands: []app.ReleaseCommand{{Service: "web", Command: []string{"/app", "migrate"}}},
		Hosts: []app.HostPlan{{
			Host:     "web-1",
			Networks: []app.NetworkPlan{{Name: "shop-production-default", Exists: true}},
			Volumes:  []app.VolumePlan{{Name: "shop-production-data"}},
			Changes: []app.ServiceChange{
				{Service: "db", Action: app.Keep},
				{Service: "queue", Action: app.Replace, Reason: "environment changes", Order: app.StopFirst},
				{Service: "web", Action: app.Replace, Reason: "image changes", Routed: true, Start: make([]app.ContainerPlan, 2)},
				{Service: "old", Action: app.Remove},
			},
			Table: &app.EdgeTable{Routes: []app.EdgeRoute{{Service: "web", Route: app.Route{Hosts: []string{"shop.example.com"}}}}},
		}},
	}
	var out bytes.Buffer
	if err := Plan(&out, Plain, plan); err != nil {
		t.Fatal(err)
	}
	want := `default/shop/production: release 2-abc takes over from 1-aaa
build: web
release command of web: /app migrate
web-1
  + volume shop-production-data
  = keep db
  ~ replace queue: environment changes (stop-first)
  ~ replace web ×2: image changes (blue/green)
  - remove old
  → shop.example.com/ to web
`
	if diff := gocmp.Diff(want, out.String()); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	if err := Table(&out, []string{"HOST", "STATUS"}, [][]string{{"web-10", "läuft"}, {"b", "\x1b[2Jx"}}); err != nil {
		t.Fatal(err)
	}
	if want := "HOST    STATUS\nweb-10  läuft\nb       [2Jx\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestForAPerson(t *testing.T) {
	for want, got := range map[string]string{
		"0.4s":   Duration(400 * time.Millisecond),
		"12s":    Duration(12345 * time.Millisecond),
		"3m05s":  Duration(185 * time.Second),
		"2h04m":  Duration(124 * time.Minute),
		"999 B":  Bytes(999),
		"8.4 MB": Bytes(8_400_000),
		"1.0 MB": Bytes(999_999),
		"2.0 GB": Bytes(2_000_000_000),
		"-":      Ago(time.Time{}, at(0)),
		"3m ago": Ago(at(0), at(200)),
		"0s ago": Ago(at(5), at(0)),
		"2d ago": Ago(at(0), at(0).Add(50*time.Hour)),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	now := time.Date(2025, 1, 2, 3, 4, 0, 0, time.Local)
	if got := Until(now.Add(90*time.Minute), now); got != "at 04:34, in 1h30m" {
		t.Errorf("got %q", got)
	}
	if got := Moment(now.Add(30*time.Hour), now); got != "Jan 3 09:04" {
		t.Errorf("got %q", got)
	}
	for name, want := range map[string]Format{"auto": Plain, "tty": TTY, "plain": Plain, "json": JSON} {
		if got, err := ParseFormat(name, &bytes.Buffer{}); err != nil || got != want {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
	if _, err := ParseFormat("xml", &bytes.Buffer{}); err == nil {
		t.Error("xml is taken for a format")
	}
}
