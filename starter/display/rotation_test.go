package display

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

var line = app.SecretLine{Name: "TOKEN", Scope: app.SecretScope{Kind: app.ScopeProject, Of: "default/shop"}}

// rotation is a rotation as a follower sees it.
func rotation() []run.View {
	states := []workflows.RotationState{
		{Phase: app.PhaseFind},
		{Phase: app.PhaseRoll, Old: "3", New: "4", Text: "1 of 2 sites", Sites: []app.RotatedSite{{Site: "default/shop/a", Version: "3"}, {Site: "default/shop/b", Version: "3"}}},
		{Phase: app.PhaseRoll, Old: "3", New: "4", Text: "1 of 2 sites", Sites: []app.RotatedSite{{Site: "default/shop/a", Version: "4"}, {Site: "default/shop/b", Version: "3"}}},
		{Phase: app.PhaseRevoke, Old: "3", New: "4", Forward: true, Sites: []app.RotatedSite{{Site: "default/shop/a", Version: "4"}, {Site: "default/shop/b", Version: "4\x1b[2J"}}},
	}
	views := []run.View{{Started: at(0)}}
	for i := range states {
		views = append(views, run.View{Started: at(0), Rotation: &states[i]})
	}
	return append(views, run.View{Started: at(0), Ended: at(9), Rotation: &states[3]})
}

func TestPlainLinesOfARotation(t *testing.T) {
	var out bytes.Buffer
	f := NewFollower(Plain, &out, "rotate TOKEN")
	for _, v := range rotation() {
		f.Show(v)
		f.Show(v) // the same again tells nothing
	}
	want := `rotate TOKEN
phase   find consumers
phase   roll it out: 1 of 2 sites
site    default/shop/a has version 3
site    default/shop/b has version 3
site    default/shop/a has version 4
phase   revoke the old (it does not go back any more)
site    default/shop/b has version 4[2J
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestJSONEventsOfARotation(t *testing.T) {
	var out bytes.Buffer
	f := NewFollower(JSON, &out, "rotate TOKEN")
	for _, v := range rotation() {
		f.Show(v)
	}
	var got []string
	for text := range strings.Lines(out.String()) {
		var c change
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(c.Event+" "+c.Text+c.Site+" "+c.Version))
	}
	want := []string{
		"run-started", "phase find consumers", "phase roll it out", "site-version default/shop/a 3", "site-version default/shop/b 3",
		"site-version default/shop/a 4", "phase revoke the old", "site-version default/shop/b 4[2J", "run-ended",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestFrameOfARotation(t *testing.T) {
	views := rotation()
	got := strings.Join(frame(newPaint(Plain), "rotate TOKEN", views[3], at(5), 0, 0), "\n")
	want := "rotate TOKEN  5.0s\nroll it out: 1 of 2 sites\n  default/shop/a has version 4\n  default/shop/b has version 3"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("frame (-want +got):\n%s", diff)
	}
}

func TestRotationState(t *testing.T) {
	s := workflows.RotationState{
		Phase: app.PhaseSoak, Old: "3", New: "4", SoakUntil: at(600),
		Sites: []app.RotatedSite{{Site: "default/shop/a", Release: "7-abc", Version: "4"}},
	}
	var out bytes.Buffer
	if err := RotationState(&out, Plain, line, s, at(0)); err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`at [^,]*, in 10m00s`).ReplaceAllString(out.String(), "THEN")
	want := "default/shop TOKEN: soak\n  version 4 comes in the place of 3\n  version 3 is revoked THEN\n  default/shop/a (7-abc) has version 4\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	out.Reset()
	if err := RotationState(&out, JSON, line, s, at(0)); err != nil || !strings.Contains(out.String(), `"phase":"soak"`) || !strings.Contains(out.String(), `"name":"TOKEN"`) {
		t.Errorf("got %s, %v", &out, err)
	}
}

func TestRotationResult(t *testing.T) {
	result := func(change func(*app.RotationResult)) app.RotationResult {
		r := app.RotationResult{Outcome: app.Succeeded, Secret: line, Old: "3", New: "4", DurationMS: 65_000}
		change(&r)
		return r
	}
	failed := &app.Failure{Kind: app.KindUnhealthy, Step: "wait for health", Message: "no answer"}
	for want, r := range map[string]app.RotationResult{
		"rotated default/shop TOKEN after 1m05s: version 4 has taken the place of version 3, which is revoked\n  default/shop/a (7-abc) has version 4\nnote: so so\n": result(func(r *app.RotationResult) {
			r.Revoked, r.Notes, r.Sites = true, []string{"so so"}, []app.RotatedSite{{Site: "default/shop/a", Release: "7-abc", Version: "4"}}
		}),
		"failed-clean default/shop TOKEN after 1m05s: it went back to version 3\n\nwait for health (unhealthy)\n  no answer\nthe whole run: http://ui\n": result(func(r *app.RotationResult) { r.Outcome, r.Failure = app.FailedClean, failed }),
		"cancelled default/shop TOKEN after 1m05s: it went back to version 3\n":                                                                          result(func(r *app.RotationResult) { r.Outcome = app.Cancelled }),
		"failed-dirty default/shop TOKEN after 1m05s: something is left over\n":                                                                          result(func(r *app.RotationResult) { r.Outcome = app.FailedDirty }),
		"failed-dirty default/shop TOKEN after 1m05s: version 3 is revoked, and something is left over\n":                                                result(func(r *app.RotationResult) { r.Outcome, r.Revoked = app.FailedDirty, true }),
		"refused default/shop TOKEN: nothing was changed\n":                                                                                              result(func(r *app.RotationResult) { r.Outcome = app.Refused }),
	} {
		var out bytes.Buffer
		if err := Rotation(&out, Plain, r, "http://ui"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
	}
	var out bytes.Buffer
	want := result(func(r *app.RotationResult) { r.Failure = failed })
	var got app.RotationResult
	if err := Rotation(&out, JSON, want, ""); err != nil || json.Unmarshal(out.Bytes(), &got) != nil || !cmp.Equal(want, got) || time.Duration(got.DurationMS) != 65_000 {
		t.Errorf("as JSON it is %s, %v", &out, err)
	}
}
