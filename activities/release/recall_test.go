package release_test

import (
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

func TestRecallOfNothing(t *testing.T) {
	for _, stable := range []bool{false, true} {
		out := newPlace(t).recall(t, activities.RecallInput{Stable: stable})
		if out.Release != nil || out.Current != "" || out.Reachable != nil || out.Stopped {
			t.Errorf("%+v", out)
		}
	}
}

func TestRecallByName(t *testing.T) {
	p := newPlace(t)
	p.record(t, true, "1-a", "2-b", "12-c")
	for asked, want := range map[string]string{"": "12-c", "2-b": "2-b", "2": "2-b", "1": "1-a", "12": "12-c", "3": "", "2-a": "", "b": ""} {
		out := p.recall(t, activities.RecallInput{Release: asked})
		got := ""
		if out.Release != nil {
			got = out.Release.ID
		}
		if got != want || out.Current != "12-c" || !slices.Equal(out.Reachable, []string{"12-c", "2-b", "1-a"}) {
			t.Errorf("%q: %+v", asked, out)
		}
	}
}

func TestRecallOfTheLastStable(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(p place)
		want string
	}{
		{"the one before", func(p place) { p.record(t, true, "1-a", "2-b", "3-c") }, "2-b"},
		{"one that never came through its watch", func(p place) {
			p.record(t, true, "1-a")
			p.record(t, false, "2-b", "3-c")
		}, "1-a"},
		{"one that was returned from", func(p place) {
			p.record(t, true, "1-a", "2-b")
			do(t, p, p.activities.Mark, activities.MarkInput{Target: p.target(), Release: "2-b", Mark: app.ReleaseMark{Returned: true}})
			p.record(t, true, "3-c")
		}, "1-a"},
		{"after a rollback, further back", func(p place) { p.record(t, true, "1-a", "2-b", "3-c", "4-b:2-b") }, "1-a"},
		{"after a restart, not what it restarted", func(p place) { p.record(t, true, "1-a", "2-b", "3-b:2-b") }, "1-a"},
		{"after a deploy, the rollback before it", func(p place) { p.record(t, true, "1-a", "2-b", "3-a:1-a", "4-c") }, "3-a"},
		{"nothing before", func(p place) { p.record(t, true, "1-a", "2-a:1-a") }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			c.make(p)
			got := ""
			if out := p.recall(t, activities.RecallInput{Stable: true}); out.Release != nil {
				got = out.Release.ID
			}
			if got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

func TestRecallTellsWhatIsGone(t *testing.T) {
	p := newPlace(t)
	p.record(t, true, "1-a", "2-b", "3-c")
	if err := p.Host().Engine().ImageRemove(t.Context(), "longshore/shop-production/web:2-b"); err != nil {
		t.Fatal(err)
	}
	out := p.recall(t, activities.RecallInput{Release: "2-b"})
	if out.Gone["web"] != "longshore/shop-production/web:2-b" || !slices.Equal(out.Reachable, []string{"3-c", "1-a"}) {
		t.Errorf("%+v", out)
	}
}

// An image that a registry has by digest can be had again. One that only lost its name is there.
func TestRecallOfImagesThatCanBeHad(t *testing.T) {
	p := newPlace(t)
	spec := app.Spec{Site: site, Services: []app.Service{{Name: "db"}, {Name: "web", Build: &app.Build{}}, {Name: "off", Build: &app.Build{}}}}
	built := p.AddImage("longshore/shop-production/web:1-a", memory.ImageSpec{})
	if err := p.Host().Engine().ImageTag(t.Context(), built.ID, "other:name"); err != nil {
		t.Fatal(err)
	}
	if err := p.Host().Engine().ImageRemove(t.Context(), "longshore/shop-production/web:1-a"); err != nil {
		t.Fatal(err)
	}
	do(t, p, p.activities.Record, activities.RecordInput{Target: p.target(), Release: app.Release{ID: "1-a", Number: 1, Spec: spec, Images: map[string]app.Image{
		"db":  {Ref: "postgres:1", ID: "sha256:gone", RepoDigest: "postgres@sha256:gone"},
		"web": {Ref: "longshore/shop-production/web:1-a", ID: built.ID},
		"off": {}, // has no replicas
	}}})
	if out := p.recall(t, activities.RecallInput{}); out.Gone != nil || len(out.Reachable) != 1 {
		t.Errorf("%+v", out)
	}
}

// Whoever goes back is told over what.
func TestRecallTellsWhatIsIrreversible(t *testing.T) {
	p := newPlace(t)
	for i, irreversible := range []bool{true, false, true, false} {
		id := app.ReleaseID(i+1, "a")
		do(t, p, p.activities.Record, activities.RecordInput{Target: p.target(), Stable: true, Release: app.Release{
			ID: id, Number: i + 1, Spec: app.Spec{Site: site, Irreversible: irreversible},
		}})
	}
	for asked, want := range map[string][]string{"1": {"3-a"}, "2": {"3-a"}, "3": nil, "4": nil} {
		if out := p.recall(t, activities.RecallInput{Release: asked}); !slices.Equal(out.Irreversible, want) {
			t.Errorf("to %s: %v, not %v", asked, out.Irreversible, want)
		}
	}
}

func TestStopped(t *testing.T) {
	p := newPlace(t)
	p.record(t, true, "1-a")
	for _, stopped := range []bool{true, false, true} {
		do(t, p, p.activities.MarkStopped, activities.StopSiteInput{Target: p.target(), Stopped: stopped})
		found, err := release.Stopped(t.Context(), p.Host(), site)
		if err != nil || found != stopped || p.recall(t, activities.RecallInput{}).Stopped != stopped {
			t.Errorf("stopped is %v, not %v (%v)", found, stopped, err)
		}
	}
	p.record(t, false, "2-b")
	if p.recall(t, activities.RecallInput{}).Stopped {
		t.Error("a site of which a release is recorded is still stopped")
	}
}
