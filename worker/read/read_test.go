package read

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// deployed is a world in which the shop runs in its second release.
func deployed(t *testing.T) (*memory.World, *reader) {
	t.Helper()
	w := memory.New("web-1", "web-2")
	var spec app.Spec
	for _, source := range []string{"aaa", "bbb"} {
		spec = w.Shop(source, "web-1", "web-2")
		run := &memory.Run{World: w, ID: source}
		ended := run.Do(t, workflows.Deploy, workflows.DeployInput{Spec: spec, Order: workflows.Order{By: "tester", Why: "because"}})
		if ended.Result.Outcome != app.Succeeded {
			t.Fatal(ended.Err)
		}
	}
	return w, &reader{request: inspect.Request{Site: spec.Site, Hosts: spec.Hosts}, hosts: w.Opener()}
}

// answers asks every host, and answers what each says, by host.
func answers[T any](t *testing.T, r *reader, ask func(context.Context, app.Host) any) map[string]T {
	t.Helper()
	var text bytes.Buffer
	r.out = &lines{out: &text}
	if err := r.each(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	out := map[string]T{}
	for line := range strings.Lines(text.String()) {
		var named struct{ Host string }
		var answer T
		if err := json.Unmarshal([]byte(line), &named); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if err := json.Unmarshal([]byte(line), &answer); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out[named.Host] = answer
	}
	return out
}

func TestPs(t *testing.T) {
	_, r := deployed(t)
	got := answers[inspect.PsResponse](t, r, r.ps)["web-1"]
	var names []string
	for _, c := range got.Containers {
		names = append(names, c.Name)
	}
	want := "shop-production-db-1-aaa-1 shop-queue shop-production-web-2-bbb-release shop-production-web-2-bbb-1 shop-production-web-2-bbb-2 shop-production-worker-2-bbb-1"
	if strings.Join(names, " ") != want || got.Problem != nil {
		t.Errorf("%v, %+v", names, got.Problem)
	}
}

func TestStatus(t *testing.T) {
	w, r := deployed(t)
	if err := w.Machine("web-2").Host().Engine().ContainerStop(t.Context(), "shop-production-worker-2-bbb-1", 0); err != nil {
		t.Fatal(err)
	}
	w.InFlight("web-1", r.request.Site, "1-aaa", 2)
	w.InFlight("web-1", r.request.Site, "2-bbb", 3)
	got := answers[inspect.StatusResponse](t, r, r.status)
	one := got["web-1"]
	if one.Release != "2-bbb" || one.By != "tester" || one.InFlight != 5 || one.Edge == "" || len(one.URLs) != 1 || len(one.Services) != 4 {
		t.Errorf("%+v", one)
	}
	for _, s := range got["web-2"].Services {
		if down := s.Service == "worker"; down != (s.Running < s.Wanted) || s.Healthy != s.Running {
			t.Errorf("%+v", s)
		}
	}
}

func TestStatusTellsWhatDrifts(t *testing.T) {
	w, r := deployed(t)
	for host, status := range answers[inspect.StatusResponse](t, r, r.status) {
		if status.Drift != nil || !status.Stable || status.Stopped || status.Freeze != nil {
			t.Errorf("%s: %+v", host, status)
		}
	}
	h := w.Machine("web-2").Host()
	if err := h.Engine().ContainerStop(t.Context(), "shop-queue", 0); err != nil {
		t.Fatal(err)
	}
	if err := h.Files().Write(t.Context(), "sites/default/shop/production/freeze.json", []byte(`{"by":"ann","why":"sale"}`), 0); err != nil {
		t.Fatal(err)
	}
	got := answers[inspect.StatusResponse](t, r, r.status)
	if d := got["web-2"].Drift; len(d) != 1 || d[0].Kind != app.DriftStopped || d[0].Container != "shop-queue" || got["web-1"].Drift != nil {
		t.Errorf("%+v, %+v", d, got["web-1"].Drift)
	}
	if f := got["web-2"].Freeze; f == nil || f.Why != "sale" {
		t.Errorf("%+v", f)
	}
}

func TestStatusOfAStoppedSite(t *testing.T) {
	w, r := deployed(t)
	run := &memory.Run{World: w, ID: "stop"}
	ended := run.Do(t, workflows.Stop, workflows.StopInput{Site: r.request.Site, Hosts: r.request.Hosts})
	if ended.Result.Outcome != app.Succeeded {
		t.Fatal(ended.Err)
	}
	if got := answers[inspect.StatusResponse](t, r, r.status)["web-1"]; !got.Stopped || got.Drift != nil || got.Release != "2-bbb" {
		t.Errorf("%+v", got)
	}
}

func TestStatusOfASiteThatWasNeverDeployed(t *testing.T) {
	_, r := deployed(t)
	r.request.Site.Name = "staging"
	got := answers[inspect.StatusResponse](t, r, r.status)["web-1"]
	if got.Release != "" || got.Problem != nil || len(got.Services) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestReleases(t *testing.T) {
	_, r := deployed(t)
	got := answers[inspect.ReleasesResponse](t, r, r.releases)["web-2"].Releases
	if len(got) != 2 || got[0].ID != "2-bbb" || !got[0].Current || got[1].Current || got[1].Why != "because" || got[1].SHA != "aaa" {
		t.Errorf("%+v", got)
	}
}

func TestReleasesNameTheVersionsOfTheirSecrets(t *testing.T) {
	w, r := deployed(t)
	w.Keys(t.TempDir())
	sealed := w.Secret("TOKEN", "hunter2").Sealed
	spec := memory.Change(w.Shop("ccc", "web-1", "web-2"), "worker", func(s *app.Service) {
		s.Container.Secrets = []app.ServiceSecret{{Name: "TOKEN", Env: "TOKEN"}}
	})
	spec.Secrets = []app.Secret{{Name: "TOKEN"}}
	run := &memory.Run{World: w, ID: "ccc"}
	if ended := run.Do(t, workflows.Deploy, workflows.DeployInput{Spec: spec}); ended.Result.Outcome != app.Succeeded {
		t.Fatal(ended.Err)
	}
	got := answers[inspect.ReleasesResponse](t, r, r.releases)["web-1"].Releases
	if len(got) != 3 || got[0].Secrets["TOKEN"] != "1" || len(got[1].Secrets) != 0 {
		t.Errorf("%+v", got)
	}
	text, err := json.Marshal(got)
	if err != nil || bytes.Contains(text, []byte(sealed)) {
		t.Errorf("the sealed value is shown: %s, %v", text, err)
	}
}

func TestReleasesTellWhatBecameOfThem(t *testing.T) {
	w, r := deployed(t)
	run := &memory.Run{World: w, ID: "rollback"}
	ended := run.Do(t, workflows.Rollback, workflows.RecordedInput{Site: r.request.Site, Hosts: r.request.Hosts, Order: workflows.Order{By: "ann", Why: "too slow"}})
	if ended.Result.Outcome != app.Succeeded {
		t.Fatal(ended.Err)
	}
	if err := w.Machine("web-1").Host().Engine().ImageRemove(t.Context(), "longshore/shop-production/web:2-bbb"); err != nil {
		t.Fatal(err)
	}
	got := answers[inspect.ReleasesResponse](t, r, r.releases)["web-1"].Releases
	type short struct {
		id, of            string
		kind              app.RunKind
		outcome           inspect.ReleaseOutcome
		stable, reachable bool
	}
	want := []short{
		{"3-aaa", "1-aaa", app.RunRollback, inspect.ReleaseSucceeded, true, true},
		{"2-bbb", "", app.RunDeploy, inspect.ReleaseReturned, true, false},
		{"1-aaa", "", app.RunDeploy, inspect.ReleaseSucceeded, true, true},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, g := range got {
		if s := (short{g.ID, g.Of, g.Kind, g.Outcome, g.Stable, g.Reachable}); s != want[i] {
			t.Errorf("%+v, not %+v", s, want[i])
		}
	}
	if got[1].Gone["web"] == "" || got[1].Returned == "" || got[0].By != "ann" || got[0].Why != "too slow" {
		t.Errorf("%+v", got)
	}
}

// What a deploy takes away between two looks is no problem.
func TestReadingDuringADeploy(t *testing.T) {
	w, r := deployed(t)
	h := w.Machine("web-1").Host()
	w.OnOp(func(host string, op hostmemory.Op) error {
		if host != "web-1" {
			return nil
		}
		switch {
		case op.Name == "ContainerInspect":
			return h.Engine().ContainerRemove(t.Context(), op.Subject)
		case op.Name == "Files.Read" && strings.HasSuffix(op.Subject, "1-aaa.json"):
			return h.Files().Remove(t.Context(), op.Subject)
		}
		return nil
	})
	if got := answers[inspect.PsResponse](t, r, r.ps)["web-1"]; got.Problem != nil {
		t.Errorf("%+v", got.Problem)
	}
	if got := answers[inspect.ReleasesResponse](t, r, r.releases)["web-1"]; got.Problem != nil || len(got.Releases) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestHostThatCannotBeReadIsAnAnswer(t *testing.T) {
	w, r := deployed(t)
	w.Machine("web-2").Unreachable(true)
	for name, ask := range map[string]func(context.Context, app.Host) any{"ps": r.ps, "status": r.status, "releases": r.releases} {
		got := answers[inspect.PsResponse](t, r, ask)
		if p := got["web-2"].Problem; got["web-1"].Problem != nil || p == nil || p.Kind != app.KindUnreachable || p.Advice == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCheck(t *testing.T) {
	w, r := deployed(t)
	w.Machine("web-1").SetFree(1 << 30)
	levels := map[string]inspect.Level{}
	for _, c := range answers[inspect.CheckResponse](t, r, r.check)["web-1"].Checks {
		levels[c.Name] = c.Level
	}
	for name, want := range map[string]inspect.Level{"login": inspect.OK, "docker": inspect.OK, "disk": inspect.Warn, "state": inspect.OK, "edge": inspect.OK} {
		if levels[name] != want {
			t.Errorf("%s: %q, not %q", name, levels[name], want)
		}
	}
	w.Machine("web-1").StopEngine(true)
	got := answers[inspect.CheckResponse](t, r, r.check)["web-1"].Checks
	if last := got[len(got)-1]; last.Name != "docker" || last.Level != inspect.Fail || last.Advice == "" {
		t.Errorf("%+v", got)
	}
}

func TestLogs(t *testing.T) {
	w, r := deployed(t)
	w.Machine("web-1").Print("shop-production-web-2-bbb-2", "hello", false)
	w.Machine("web-2").Print("shop-production-worker-2-bbb-1", "oops", true)
	var text bytes.Buffer
	r.out = &lines{out: &text}
	r.request.Logs = inspect.LogOptions{Tail: -1}
	if err := r.logs(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"web-1 web.2 | hello\n", "web-2 worker.1 | oops\n"} {
		if !strings.Contains(text.String(), line) {
			t.Errorf("%q is not in %q", line, text.String())
		}
	}
	text.Reset()
	r.request.Hosts = r.request.Hosts[1:]
	r.request.Logs.Services = []string{"worker"}
	if err := r.logs(t.Context()); err != nil || text.String() != "oops\n" {
		t.Errorf("%q, %v: one container needs no prefix", text.String(), err)
	}
	r.request.Logs.Services = []string{"nothing"}
	if err := r.logs(t.Context()); err == nil {
		t.Error("no container matches, and nothing says so")
	}
}

func TestRequestsThatAreNotUnderstood(t *testing.T) {
	for _, text := range []string{"", "{", `{"op":"ps"}`} {
		if err := Run(t.Context(), "status", strings.NewReader(text), &bytes.Buffer{}); !IsUsage(err) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
