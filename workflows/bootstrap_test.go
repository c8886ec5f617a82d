package workflows_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities/bootstrap"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// bootstrapped runs a bootstrap of web-1 to its end.
func bootstrapped(t *testing.T, w *memory.World, in workflows.BootstrapInput, r *memory.Run) (app.BootstrapReport, memory.Ended) {
	t.Helper()
	in.Host = app.Host{Name: "web-1", Address: "web-1"}
	r.World, r.ID = w, "bootstrap"
	ended := r.Do(t, workflows.Bootstrap, in)
	var report app.BootstrapReport
	if err := ended.Read(&report); err != nil {
		t.Fatal(err)
	}
	return report, ended
}

// kept is the report that the host keeps; nil for none.
func kept(t *testing.T, w *memory.World) *app.BootstrapReport {
	t.Helper()
	h, err := w.Opener().Open(t.Context(), app.Host{Name: "web-1", Address: "web-1"})
	if err != nil {
		t.Fatal(err)
	}
	report, err := bootstrap.LastReport(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func names(report app.BootstrapReport) []string {
	var out []string
	for _, i := range report.Items {
		out = append(out, i.Name)
	}
	return out
}

func TestBootstrapSettlesAllOnce(t *testing.T) {
	w := memory.New("web-1")
	first, ended := bootstrapped(t, w, workflows.BootstrapInput{}, &memory.Run{})
	if ended.Err != nil || !slices.Equal(names(first), []string{"packages", "docker", "ssh", "edge"}) || first.Changes() != 4 {
		t.Fatalf("%+v, %v", first, ended.Err)
	}
	if last := kept(t, w); last == nil || last.Changes() != 4 {
		t.Errorf("the host keeps %+v", last)
	}
	second, ended := bootstrapped(t, w, workflows.BootstrapInput{}, &memory.Run{})
	if ended.Err != nil || second.Changes() != 0 || len(second.Items) != 4 {
		t.Errorf("%+v, %v", second, ended.Err)
	}
	if ended.Count("EnsureEdge") != 0 {
		t.Error("an edge that is as wanted was made again")
	}
}

func TestBootstrapCheckChangesNothing(t *testing.T) {
	w := memory.New("web-1")
	report, ended := bootstrapped(t, w, workflows.BootstrapInput{Check: true}, &memory.Run{})
	if ended.Err != nil || !report.Check || report.Changes() != 4 || len(w.Settled("web-1")) != 0 || ended.Count("EnsureEdge") != 0 {
		t.Errorf("%+v, %v; settled: %v", report, ended.Err, w.Settled("web-1"))
	}
	for _, item := range report.Items {
		if item.Changed || item.Wanted == "" {
			t.Errorf("%+v", item)
		}
	}
}

// What cannot be mended ends the run with what was done until then, on the host as well; the next one goes on from there.
func TestBootstrapGoesOnAfterAFailure(t *testing.T) {
	w := memory.New("web-1")
	report, ended := bootstrapped(t, w, workflows.BootstrapInput{}, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == "SettleItem" && a.Nth == 2 {
			return nil, failing.With(app.Failure{Kind: app.KindPackages, Host: "web-1", Message: "no room"}, nil)
		}
		return a.Work()
	}})
	if ended.Err == nil || report.Failure == nil || report.Failure.Kind != app.KindPackages || !strings.Contains(report.Failure.Step, "docker") {
		t.Fatalf("%+v, %v", report.Failure, ended.Err)
	}
	if !slices.Equal(names(report), []string{"packages"}) || !slices.Equal(names(*kept(t, w)), []string{"packages"}) || ended.Count("SettleItem") != 2 {
		t.Errorf("%v, kept %v after %d attempts", names(report), names(*kept(t, w)), ended.Count("SettleItem"))
	}
	report, ended = bootstrapped(t, w, workflows.BootstrapInput{}, &memory.Run{})
	if ended.Err != nil || report.Changes() != 3 {
		t.Errorf("%+v, %v", report, ended.Err)
	}
}

// An attempt whose answer was lost has done its work: the next one finds it done.
func TestBootstrapOutlastsLostAnswers(t *testing.T) {
	w := memory.New("web-1")
	lost := failing.With(app.Failure{Kind: app.KindUnreachable, Host: "web-1", Message: "gone"}, nil)
	report, ended := bootstrapped(t, w, workflows.BootstrapInput{}, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		out, err := a.Work()
		if a.Number == 1 {
			return nil, lost
		}
		return out, err
	}})
	if ended.Err != nil || len(report.Items) != 4 || !slices.Equal(w.Settled("web-1"), []string{"docker", "packages", "ssh"}) {
		t.Errorf("%+v, %v", report, ended.Err)
	}
}

func TestBootstrapCancelled(t *testing.T) {
	w := memory.New("web-1")
	report, ended := bootstrapped(t, w, workflows.BootstrapInput{}, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		out, err := a.Work()
		if a.Step == "SettleItem" && a.Nth == 2 {
			a.Cancel()
			return nil, a.Context().Err()
		}
		return out, err
	}})
	if ended.Err == nil || report.Failure == nil || !slices.Equal(names(report), []string{"packages"}) {
		t.Errorf("%+v, %v", report, ended.Err)
	}
	if kept(t, w) == nil {
		t.Error("the report of a cancelled run is not kept")
	}
}

func TestBootstrapOfAnUnsupportedSystem(t *testing.T) {
	w := memory.New("web-1")
	w.Unsupported("web-1", "it has no apt")
	report, ended := bootstrapped(t, w, workflows.BootstrapInput{}, &memory.Run{})
	if ended.Err != nil || !slices.Equal(names(report), []string{"state", "hardening", "edge"}) || report.Items[1].Skipped != "it has no apt" {
		t.Errorf("%+v, %v", report, ended.Err)
	}
}

func TestBootstrapReverts(t *testing.T) {
	w := memory.New("web-1")
	bootstrapped(t, w, workflows.BootstrapInput{}, &memory.Run{})
	before := kept(t, w)
	report, ended := bootstrapped(t, w, workflows.BootstrapInput{Revert: "ssh"}, &memory.Run{})
	if ended.Err != nil || !slices.Equal(names(report), []string{"ssh"}) || !slices.Equal(w.Settled("web-1"), []string{"docker", "packages"}) {
		t.Errorf("%+v, %v", report, ended.Err)
	}
	if after := kept(t, w); after.At != before.At {
		t.Error("a revert took the place of the last report")
	}
	report, ended = bootstrapped(t, w, workflows.BootstrapInput{Revert: "ssh"}, &memory.Run{})
	if ended.Err == nil || report.Failure == nil || report.Failure.Kind != app.KindMissing {
		t.Errorf("%+v, %v", report, ended.Err)
	}
}
