package release_test

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/internal/app"
)

func (p place) mark(t *testing.T, id string) app.ReleaseMark {
	t.Helper()
	history, err := release.History(t.Context(), p.Host(), site)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range history {
		if k.Release.ID == id {
			return k.Mark
		}
	}
	t.Fatalf("%s is not recorded", id)
	return app.ReleaseMark{}
}

func TestRecordMarks(t *testing.T) {
	p := newPlace(t)
	p.record(t, true, "1-a")
	p.record(t, false, "2-b")
	if m := p.mark(t, "1-a"); !m.Stable || m.Returned || m.At.IsZero() {
		t.Errorf("%+v", m)
	}
	if p.mark(t, "2-b") != (app.ReleaseMark{}) || p.current(t) != "2-b" {
		t.Errorf("%+v, and %q is current", p.mark(t, "2-b"), p.current(t))
	}
	// A run that was reset makes its release once more: what it was marked with is of the time before.
	do(t, p, p.activities.Mark, activities.MarkInput{Target: p.target(), Release: "2-b", Mark: app.ReleaseMark{Returned: true, Why: "unwell"}})
	p.record(t, false, "2-b")
	if p.mark(t, "2-b") != (app.ReleaseMark{}) {
		t.Errorf("%+v", p.mark(t, "2-b"))
	}
}

func TestMarksAddUp(t *testing.T) {
	p := newPlace(t)
	p.record(t, false, "1-a")
	do(t, p, p.activities.Mark, activities.MarkInput{Target: p.target(), Release: "1-a", Mark: app.ReleaseMark{Stable: true}})
	if !p.mark(t, "1-a").GoodToReturnTo() {
		t.Errorf("%+v", p.mark(t, "1-a"))
	}
	do(t, p, p.activities.Mark, activities.MarkInput{Target: p.target(), Release: "1-a", Mark: app.ReleaseMark{Returned: true, Why: "rolled back"}})
	if m := p.mark(t, "1-a"); !m.Stable || !m.Returned || m.Why != "rolled back" || m.GoodToReturnTo() {
		t.Errorf("%+v", m)
	}
	// A release that was pruned meanwhile, or that another host has.
	do(t, p, p.activities.Mark, activities.MarkInput{Target: p.target(), Release: "9-z", Mark: app.ReleaseMark{Stable: true}})
	p.has(t, "marks", "1-a")
}

func TestReturn(t *testing.T) {
	p := newPlace(t)
	p.record(t, true, "1-a")
	p.record(t, false, "2-b")
	do(t, p, p.activities.Return, activities.ReturnInput{Target: p.target(), From: "2-b", To: "1-a", Why: "it died"})
	if m := p.mark(t, "2-b"); p.current(t) != "1-a" || !m.Returned || m.Why != "it died" {
		t.Errorf("%q is current, and %+v", p.current(t), m)
	}
	// A late one finds another run's work.
	p.record(t, true, "3-c")
	do(t, p, p.activities.Return, activities.ReturnInput{Target: p.target(), From: "2-b", To: "1-a"})
	if p.current(t) != "3-c" {
		t.Errorf("%q is current", p.current(t))
	}
}

func TestReturnFromTheFirstRelease(t *testing.T) {
	p := newPlace(t)
	p.record(t, false, "1-a")
	do(t, p, p.activities.Return, activities.ReturnInput{Target: p.target(), From: "1-a"})
	if out := p.recall(t, activities.RecallInput{}); out.Current != "" || out.Release != nil || !p.mark(t, "1-a").Returned {
		t.Errorf("%+v", out)
	}
}

func TestPruneTakesMarksWithRecords(t *testing.T) {
	p := newPlace(t)
	p.record(t, true, "1-a", "2-b", "3-c", "4-d")
	do(t, p, p.activities.Prune, activities.PruneInput{Target: p.target(), Keep: 2})
	p.has(t, "releases", "3-c", "4-d")
	p.has(t, "marks", "3-c", "4-d")
	if images, err := p.Host().Engine().ImageList(t.Context(), nil); err != nil || len(images) != 2 {
		t.Errorf("%v, %v", images, err)
	}
}

func TestPruneKeepsTheWayBack(t *testing.T) {
	for _, c := range []struct {
		keep int
		want []string
	}{
		{1, []string{"4-d"}},
		{2, []string{"1-a", "4-d"}},
		{3, []string{"1-a", "3-c", "4-d"}},
		{4, []string{"1-a", "2-b", "3-c", "4-d"}},
	} {
		p := newPlace(t)
		p.record(t, true, "1-a")
		p.record(t, false, "2-b", "3-c") // never came through
		p.record(t, true, "4-d")
		do(t, p, p.activities.Prune, activities.PruneInput{Target: p.target(), Keep: c.keep})
		p.has(t, "releases", c.want...)
	}
}

// What a damaged mark says is not guessed.
func TestMarkThatCannotBeRead(t *testing.T) {
	p := newPlace(t)
	p.record(t, true, "1-a")
	if err := p.Host().Files().Write(t.Context(), "sites/"+site.String()+"/marks/1-a.json", []byte("{"), 0); err != nil {
		t.Fatal(err)
	}
	_, err := p.activities.Recall(t.Context(), activities.RecallInput{Host: app.Host{Name: "web-1"}, Site: site})
	if err == nil || !strings.Contains(err.Error(), "marks/1-a.json") {
		t.Errorf("%v", err)
	}
}
