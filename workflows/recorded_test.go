package workflows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// play runs a workflow with what the run says, and holds that no request was lost.
func (d *deploys) play(t *testing.T, workflow, input any, r *memory.Run) memory.Ended {
	t.Helper()
	d.runs++
	r.World, r.ID = d.World, fmt.Sprintf("run-%d", d.runs)
	ended := r.Do(t, workflow, input)
	for _, v := range d.Violations() {
		t.Error(v)
	}
	return ended
}

// recordedOn asks for a run of what hosts have recorded.
func recordedOn(hosts ...string) workflows.RecordedInput {
	in := workflows.RecordedInput{Site: shopSite, Order: workflows.Order{By: "tester"}}
	for _, name := range hosts {
		in.Hosts = append(in.Hosts, app.Host{Name: name, Address: "deploy@" + name})
	}
	return in
}

// rollback goes back to a release; to the last stable one where none is named.
func (d *deploys) rollback(t *testing.T, to string, hosts ...string) memory.Ended {
	t.Helper()
	in := recordedOn(hosts...)
	in.To = to
	return d.play(t, workflows.Rollback, in, &memory.Run{})
}

// history deploys the shop from sources, one after another.
func (d *deploys) history(t *testing.T, hosts []string, sources ...string) {
	t.Helper()
	for _, source := range sources {
		want(t, d.deploy(t, d.Shop(source, hosts...)), app.Succeeded)
	}
}

// file is a file of the shop's on a host; "" where it is missing.
func (d *deploys) file(host, name string) string {
	return d.State(host).Files["sites/default/shop/production/"+name]
}

// current is what a host records as current.
func (d *deploys) current(host string) string { return strings.TrimSpace(d.file(host, "current")) }

// refusedAs fails unless a run was refused, with a kind and a text, and nothing but looks was tried.
func refusedAs(t *testing.T, ended memory.Ended, kind, text string) {
	t.Helper()
	want(t, ended, app.Refused)
	f := ended.Result.Failure
	if f.Kind != kind || !strings.Contains(f.Message+" "+f.Advice, text) {
		t.Errorf("%+v", f)
	}
	for _, a := range ended.Attempts {
		if a.Step != activities.Observe.Name && a.Step != activities.Recall.Name {
			t.Errorf("%s was tried", a)
		}
	}
}

func TestRollbackBringsTheReleaseBefore(t *testing.T) {
	for _, hosts := range [][]string{{"web-1"}, {"web-1", "web-2"}} {
		d := world(hosts...)
		d.history(t, hosts, "aaa", "bbb")
		ended := d.rollback(t, "", hosts...)
		want(t, ended, app.Succeeded)
		r := ended.Result
		if r.Release != "3-aaa" || r.Previous != "2-bbb" || r.Of != "1-aaa" || r.Kind != app.RunRollback {
			t.Errorf("%+v", r)
		}
		if ended.Count(activities.Build.Name)+ended.Count(activities.Transfer.Name)+ended.Count(activities.RunReleaseCommand.Name) != 0 {
			t.Errorf("%v: a recorded release is not made again", ended.Attempts)
		}
		for _, h := range hosts {
			// The database and the queue are as they were in both, and stay.
			running := []string{
				"shop-production-db-1-aaa-1", "shop-production-web-3-aaa-1", "shop-production-web-3-aaa-2",
				"shop-production-worker-3-aaa-1", "shop-queue",
			}
			if got := d.Running(h); !slices.Equal(got, running) {
				t.Errorf("%s runs %v", h, got)
			}
			if d.live(h) != "3-aaa" || d.current(h) != "3-aaa" {
				t.Errorf("%s serves %q, and records %q", h, d.live(h), d.current(h))
			}
			if !strings.Contains(d.file(h, "marks/2-bbb.json"), `"returned":true`) || !strings.Contains(d.file(h, "marks/3-aaa.json"), `"stable":true`) {
				t.Errorf("the marks of %s: %v", h, d.State(h).Files)
			}
			record := d.file(h, "releases/3-aaa.json")
			for _, part := range []string{`"of":"1-aaa"`, `"kind":"rollback"`, `"by":"tester"`} {
				if !strings.Contains(record, part) {
					t.Errorf("%s is not in the record", part)
				}
			}
			web := d.Machine(h).Containers()["shop-production-web-3-aaa-1"]
			if tags := d.State(h).Images[web.ImageID]; !slices.Contains(tags, "longshore/shop-production/web:3-aaa") {
				t.Errorf("its image is called %v", tags)
			}
		}
	}
}

func TestRollbacksGoFurtherBack(t *testing.T) {
	d := world("web-1")
	d.history(t, []string{"web-1"}, "aaa", "bbb", "ccc")
	for _, step := range []struct{ to, release, of string }{
		{"", "4-bbb", "2-bbb"},
		{"", "5-aaa", "1-aaa"}, // the one before, not the one just left
		{"3", "6-ccc", "3-ccc"},
		{"5-aaa", "7-aaa", "1-aaa"}, // of a rollback: what that one repeats
	} {
		ended := d.rollback(t, step.to, "web-1")
		want(t, ended, app.Succeeded)
		if ended.Result.Release != step.release || ended.Result.Of != step.of || d.live("web-1") != step.release {
			t.Errorf("%+v: %+v", step, ended.Result)
		}
	}
	refusedAs(t, d.rollback(t, "", "web-1"), app.KindMissing, "no release before 7-aaa")
	// A release after a rollback goes back to what the rollback brought.
	want(t, d.deploy(t, d.Shop("ddd", "web-1")), app.Succeeded)
	if ended := d.rollback(t, "", "web-1"); ended.Result.Of != "1-aaa" {
		t.Errorf("%+v", ended.Result)
	}
}

func TestRollbackOverAnIrreversibleRelease(t *testing.T) {
	d := world("web-1", "web-2")
	hosts := []string{"web-1", "web-2"}
	d.history(t, hosts, "aaa")
	spec := d.Shop("bbb", hosts...)
	spec.Irreversible = true
	want(t, d.deploy(t, spec), app.Succeeded)
	ended := d.rollback(t, "", hosts...)
	want(t, ended, app.Succeeded)
	if n := ended.Result.Notes; len(n) != 1 || !strings.Contains(n[0], "2-bbb is marked as irreversible") {
		t.Errorf("%q", n)
	}
}

func TestRollbackToWhatRuns(t *testing.T) {
	d := world("web-1")
	d.history(t, []string{"web-1"}, "aaa")
	before := d.states("web-1")
	ended := d.rollback(t, "1-aaa", "web-1")
	want(t, ended, app.Unchanged)
	same(t, before, d.states("web-1"))
}

func TestRollbackIsRefused(t *testing.T) {
	d := world("web-1")
	refusedAs(t, d.rollback(t, "", "web-1"), app.KindMissing, "has no release on web-1")
	d.history(t, []string{"web-1"}, "aaa")
	refusedAs(t, d.rollback(t, "", "web-1"), app.KindMissing, "no release before 1-aaa")
	d.history(t, []string{"web-1"}, "bbb", "ccc")
	before := d.states("web-1")
	ended := d.rollback(t, "9-zzz", "web-1")
	refusedAs(t, ended, app.KindMissing, "can be reached: 3-ccc, 2-bbb, 1-aaa")
	if r := ended.Result; r.Hosts[0].Release != "3-ccc" || r.Previous != "3-ccc" || r.Release != "" {
		t.Errorf("%+v", r)
	}
	same(t, before, d.states("web-1"))
}

// Somebody has cleaned the host's images.
func TestRollbackToImagesThatAreGone(t *testing.T) {
	d := world("web-1")
	d.history(t, []string{"web-1"}, "aaa", "bbb", "ccc")
	d.removeImages(t, "web-1", "2-bbb")
	before := d.states("web-1")
	refusedAs(t, d.rollback(t, "", "web-1"), app.KindPruned, "can be reached: 3-ccc, 1-aaa")
	same(t, before, d.states("web-1"))
	want(t, d.rollback(t, "1-aaa", "web-1"), app.Succeeded)
}

// removeImages takes a release's built images off a host.
func (d *deploys) removeImages(t *testing.T, host, release string) {
	t.Helper()
	for _, service := range []string{"web", "worker"} {
		if err := d.Machine(host).Host().Engine().ImageRemove(t.Context(), "longshore/shop-production/"+service+":"+release); err != nil {
			t.Fatal(err)
		}
	}
}

// An image that one host has lost is lent by another.
func TestRollbackWithAnImageOfAnotherHost(t *testing.T) {
	d := world("web-1", "web-2")
	d.history(t, []string{"web-1", "web-2"}, "aaa", "bbb")
	d.removeImages(t, "web-1", "1-aaa")
	ended := d.rollback(t, "", "web-1", "web-2")
	want(t, ended, app.Succeeded)
	if ended.Count(activities.Transfer.Name) != 2 || ended.Result.Hosts[0].Transfer.SentBytes == 0 || ended.Result.Hosts[1].Transfer.SentBytes != 0 {
		t.Errorf("%+v", ended.Result)
	}
	one, two := d.Machine("web-1").Containers(), d.Machine("web-2").Containers()
	if a, b := one["shop-production-web-3-aaa-1"], two["shop-production-web-3-aaa-1"]; a.ImageID == "" || a.ImageID != b.ImageID {
		t.Errorf("%q and %q", a.ImageID, b.ImageID)
	}
}

// An image of a registry that the host has lost is pulled as it was, whatever its name means now.
func TestRollbackPullsByDigest(t *testing.T) {
	d := world("web-1")
	d.history(t, []string{"web-1"}, "aaa", "bbb")
	was := d.Machine("web-1").Containers()["shop-production-db-1-aaa-1"].ImageID
	next := d.Shop("ccc", "web-1")
	d.Publish("postgres:2", "database two")
	next = memory.Change(next, "db", func(s *app.Service) { s.Container.Image = "postgres:2" })
	want(t, d.deploy(t, next), app.Succeeded)
	if err := d.Machine("web-1").Host().Engine().ImageRemove(t.Context(), was); err != nil {
		t.Fatal(err)
	}
	ended := d.rollback(t, "", "web-1")
	want(t, ended, app.Succeeded)
	if got := d.Machine("web-1").Containers()["shop-production-db-4-bbb-1"].ImageID; got != was {
		t.Errorf("the database runs %s, not %s: %v", got, was, d.Running("web-1"))
	}
}

// Without the old containers, all that a rollback needs is in the records and the images.
func TestRollbackThatFailsLeavesAllAsItWas(t *testing.T) {
	d := world("web-1", "web-2")
	d.history(t, []string{"web-1", "web-2"}, "aaa", "bbb")
	before := d.states("web-1", "web-2")
	d.unhealthy("web-2")
	ended := d.rollback(t, "", "web-1", "web-2")
	want(t, ended, app.FailedClean)
	same(t, before, d.states("web-1", "web-2"))
	if ended.Result.Failure.Service != "web" || ended.Result.Failure.Host != "web-2" {
		t.Errorf("%+v", ended.Result.Failure)
	}
}

// What a rollback would go back to is the last to be pruned.
func TestPruningKeepsTheWayBack(t *testing.T) {
	d := world("web-1")
	d.history(t, []string{"web-1"}, "aaa")
	for i, source := range []string{"bbb", "ccc", "ddd"} { // each is found unwell, and leaves a record
		spec := d.Shop(source, "web-1")
		spec.Keep = 2
		spec = watched(spec, app.WatchReturn)
		release := app.ReleaseID(i+2, source)
		ended := d.run(t, spec, &memory.Run{Around: during(activities.Watch.Name, "web-1", func() { d.Ended("web-1", shopSite, release, 100, 100) })})
		want(t, ended, app.FailedClean)
	}
	spec := d.Shop("eee", "web-1")
	spec.Keep = 2
	want(t, d.deploy(t, spec), app.Succeeded)
	ended := d.rollback(t, "", "web-1")
	want(t, ended, app.Succeeded)
	if ended.Result.Of != "1-aaa" {
		t.Errorf("%+v", ended.Result)
	}
	if d.file("web-1", "marks/2-bbb.json") != "" {
		t.Error("the mark of a pruned release stays")
	}
}
