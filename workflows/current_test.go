package workflows_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// These are the runs of the current release: restart, scale, start and repair.

func TestRestart(t *testing.T) {
	for _, c := range []struct {
		services []string
		running  []string
	}{
		{nil, []string{
			"shop-production-db-2-aaa-1", "shop-production-web-2-aaa-1", "shop-production-web-2-aaa-2", "shop-production-worker-2-aaa-1", "shop-queue",
		}},
		{[]string{"worker"}, []string{
			"shop-production-db-1-aaa-1", "shop-production-web-1-aaa-1", "shop-production-web-1-aaa-2", "shop-production-worker-2-aaa-1", "shop-queue",
		}},
	} {
		d := world("web-1")
		d.history(t, []string{"web-1"}, "aaa")
		queue := d.Machine("web-1").Containers()["shop-queue"].ID
		in := recordedOn("web-1")
		in.Services = c.services
		ended := d.play(t, workflows.Restart, in, &memory.Run{})
		want(t, ended, app.Succeeded)
		if got := d.Running("web-1"); !slices.Equal(got, c.running) {
			t.Errorf("%v: it runs %v", c.services, got)
		}
		if replaced := d.Machine("web-1").Containers()["shop-queue"].ID != queue; replaced != (c.services == nil) {
			t.Errorf("%v: the queue is replaced: %v", c.services, replaced)
		}
		if ended.Result.Of != "1-aaa" || ended.Count(activities.RunReleaseCommand.Name) != 0 || d.live("web-1") != "2-aaa" {
			t.Errorf("%+v", ended.Result)
		}
		// What a restart repeats is not what a rollback goes back to.
		refusedAs(t, d.rollback(t, "", "web-1"), app.KindMissing, "no release before")
	}
}

func TestScaleHoldsUntilTheNextDeploy(t *testing.T) {
	d := world("web-1", "web-2")
	hosts := []string{"web-1", "web-2"}
	d.history(t, hosts, "aaa")
	in := recordedOn(hosts...)
	in.Replicas = map[string]int{"web": 3, "worker": 0}
	want(t, d.play(t, workflows.Scale, in, &memory.Run{}), app.Succeeded)
	for _, h := range hosts {
		running := []string{
			"shop-production-db-1-aaa-1", "shop-production-web-2-aaa-1", "shop-production-web-2-aaa-2", "shop-production-web-2-aaa-3", "shop-queue",
		}
		if got := d.Running(h); !slices.Equal(got, running) {
			t.Errorf("%s runs %v", h, got)
		}
	}
	want(t, d.play(t, workflows.Scale, in, &memory.Run{}), app.Unchanged)
	want(t, d.play(t, workflows.Repair, recordedOn(hosts...), &memory.Run{}), app.Unchanged)
	in.Replicas = map[string]int{"worker": 2}
	want(t, d.play(t, workflows.Scale, in, &memory.Run{}), app.Succeeded)
	if got := d.Running("web-2"); len(got) != 7 {
		t.Errorf("%v", got)
	}
	want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
	for _, h := range hosts {
		d.tidy(t, h)
	}
	// A rollback brings the numbers of before, too.
	ended := d.rollback(t, "3-aaa", hosts...)
	want(t, ended, app.Succeeded)
	if got := d.Running("web-1"); len(got) != 7 {
		t.Errorf("%v", got)
	}
}

func TestRunsOfTheCurrentReleaseAreRefused(t *testing.T) {
	scale := func(service string, n int) workflows.RecordedInput {
		in := recordedOn("web-1")
		in.Replicas = map[string]int{service: n}
		return in
	}
	unknown := recordedOn("web-1")
	unknown.Services = []string{"web", "nothing"}
	for _, c := range []struct {
		name     string
		workflow any
		in       workflows.RecordedInput
		text     string
	}{
		{"restart of an unknown service", workflows.Restart, unknown, `no service "nothing"`},
		{"scale of an unknown service", workflows.Scale, scale("nothing", 2), "It has db, queue, web, worker"},
		{"scale of none", workflows.Scale, recordedOn("web-1"), "SERVICE=N"},
		{"negative", workflows.Scale, scale("worker", -1), "-1 replicas"},
		{"routed to nothing", workflows.Scale, scale("web", 0), "longshore stop"},
		{"with a name of its own", workflows.Scale, scale("queue", 2), "container_name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := world("web-1")
			refusedAs(t, d.play(t, c.workflow, c.in, &memory.Run{}), app.KindMissing, "has no release")
			d.history(t, []string{"web-1"}, "aaa")
			before := d.states("web-1")
			refusedAs(t, d.play(t, c.workflow, c.in, &memory.Run{}), app.KindSpec, c.text)
			same(t, before, d.states("web-1"))
		})
	}
}

// Everything that a hand or an accident can do to a site on a host is mended, and nothing else is touched.
func TestRepair(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(t *testing.T, d *deploys)
		news int // containers that the repair makes
	}{
		"nothing":             {func(*testing.T, *deploys) {}, 0},
		"a container stopped": {func(t *testing.T, d *deploys) { d.harm(t, "ContainerStop", "shop-production-worker-1-aaa-1") }, 1},
		"one gone":            {func(t *testing.T, d *deploys) { d.harm(t, "ContainerRemove", "shop-production-web-1-aaa-2") }, 2},
		"routes gone": {func(t *testing.T, d *deploys) {
			if _, err := edge.ClientOf(d.Machine("web-1").Host()).Delete(t.Context(), shopSite.String(), 1); err != nil {
				t.Fatal(err)
			}
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			d := world("web-1", "web-2")
			d.history(t, []string{"web-1", "web-2"}, "aaa")
			before := d.states("web-1", "web-2")
			c.harm(t, d)
			d.Forgive()
			ended := d.play(t, workflows.Repair, recordedOn("web-1", "web-2"), &memory.Run{})
			if c.news == 0 {
				want(t, ended, app.Unchanged)
				same(t, before, d.states("web-1", "web-2"))
				return
			}
			want(t, ended, app.Succeeded)
			made := 0
			for _, h := range []string{"web-1", "web-2"} {
				d.tidy(t, h)
				if d.live(h) != "2-aaa" {
					t.Errorf("%s serves %q", h, d.live(h))
				}
				for container := range d.Machine(h).Containers() {
					if strings.Contains(container, "2-aaa") {
						made++
					}
				}
			}
			if made != c.news {
				t.Errorf("%d new containers: %v, %v", made, d.Running("web-1"), d.Running("web-2"))
			}
			want(t, d.play(t, workflows.Repair, recordedOn("web-1", "web-2"), &memory.Run{}), app.Unchanged)
		})
	}
}

// harm does something to a container of web-1 by hand.
func (d *deploys) harm(t *testing.T, deed, name string) {
	t.Helper()
	engine := d.Machine("web-1").Host().Engine()
	err := engine.ContainerStop(t.Context(), name, 0)
	if deed == "ContainerRemove" {
		err = engine.ContainerRemove(t.Context(), name)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A host that was left behind gets what the others have, from one of them.
func TestRepairFinishesAHostThatWasLeftBehind(t *testing.T) {
	d := world("web-1", "web-2")
	hosts := []string{"web-1", "web-2"}
	d.history(t, hosts, "aaa")
	d.Machine("web-2").Unreachable(true)
	d.runs++
	r := &memory.Run{World: d.World, ID: "partial"}
	ended := r.Do(t, workflows.Deploy, workflows.DeployInput{Spec: d.Shop("bbb", hosts...), Order: workflows.Order{By: "tester", AllowPartial: true}})
	want(t, ended, app.Partial)
	if !strings.Contains(d.file("web-1", "releases/2-bbb.json"), `"behind":["web-2"]`) {
		t.Error("the record does not say who was left behind")
	}
	d.Machine("web-2").Unreachable(false)
	if d.live("web-2") != "1-aaa" {
		t.Fatalf("web-2 serves %q", d.live("web-2"))
	}
	in := recordedOn(hosts...)
	in.AllowPartial = true
	ended = d.play(t, workflows.Repair, in, &memory.Run{})
	want(t, ended, app.Succeeded)
	for _, h := range hosts {
		d.tidy(t, h)
		if d.live(h) != "3-bbb" || d.current(h) != "3-bbb" {
			t.Errorf("%s serves %q", h, d.live(h))
		}
	}
	if ended.Count(activities.Build.Name) != 0 || ended.Count(activities.Transfer.Name) != 2 {
		t.Errorf("%v", ended.Attempts)
	}
	web := "shop-production-web-1-aaa-1"
	if _, there := d.Machine("web-2").Containers()[web]; there {
		t.Errorf("%s is still there", web)
	}
	// It can go back together, though web-2 never had the release between.
	want(t, d.rollback(t, "", hosts...), app.Succeeded)
}

// A host that is new to the site gets all of it.
func TestRepairBringsANewHost(t *testing.T) {
	d := world("web-1", "web-2")
	d.history(t, []string{"web-1"}, "aaa")
	ended := d.play(t, workflows.Repair, recordedOn("web-1", "web-2"), &memory.Run{})
	want(t, ended, app.Succeeded)
	d.tidy(t, "web-2")
	if d.live("web-2") != "2-aaa" {
		t.Errorf("web-2 serves %q", d.live("web-2"))
	}
	// What a registry has is not carried between hosts.
	if carried, pulled := ended.Count(activities.Transfer.Name), ended.Count(activities.Pull.Name); carried != 2 || pulled != 2 {
		t.Errorf("%d images were carried and %d pulled", carried, pulled)
	}
}

// A host that was left behind does not know what the current release came after: its word on that does not count.
func TestRollbackAsksWhoeverHasTheNewestRelease(t *testing.T) {
	d := world("web-1", "web-2")
	d.history(t, []string{"web-1"}, "aaa", "bbb")
	d.Machine("web-1").Unreachable(true)
	d.runs++
	partial := &memory.Run{World: d.World, ID: "partial"}
	want(t, partial.Do(t, workflows.Deploy, workflows.DeployInput{
		Spec: d.Shop("ccc", "web-1", "web-2"), Order: workflows.Order{By: "tester", AllowPartial: true},
	}), app.Partial)
	d.Machine("web-1").Unreachable(false)
	refusedAs(t, d.rollback(t, "", "web-1", "web-2"), app.KindMissing, "can be reached: 2-bbb, ")
	want(t, d.rollback(t, "2-bbb", "web-1", "web-2"), app.Succeeded)
	for _, h := range []string{"web-1", "web-2"} {
		d.tidy(t, h)
		if d.live(h) != "3-bbb" {
			t.Errorf("%s serves %q", h, d.live(h))
		}
	}
}

// The worker between two hosts is lost: another carries the images.
func TestLenderOutlivesALostWorker(t *testing.T) {
	d := world("web-1", "web-2")
	d.history(t, []string{"web-1"}, "aaa")
	ended := d.play(t, workflows.Repair, recordedOn("web-1", "web-2"), &memory.Run{LostQueues: []string{memory.Queue(2)}})
	want(t, ended, app.Succeeded)
	if n := ended.Count(activities.PickBuilder.Name); n != 2 {
		t.Errorf("%d workers were picked", n)
	}
}

// A failed repair takes away what it has lent.
func TestFailedRepairLeavesAllAsItWas(t *testing.T) {
	d := world("web-1", "web-2")
	d.history(t, []string{"web-1"}, "aaa")
	d.Machine("web-2").BehaveService("web", hostmemory.Behaviour{NeverHealthy: true})
	before := d.states("web-1", "web-2")
	ended := d.play(t, workflows.Repair, recordedOn("web-1", "web-2"), &memory.Run{})
	want(t, ended, app.FailedClean)
	same(t, before, d.states("web-1", "web-2"))
}
