package workflows_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// timeline notes what happens to a host's containers, by name, in order.
func (d *deploys) timeline(on string) func() []string {
	var mu sync.Mutex // activities run at once
	var events []string
	names := map[string]string{}
	d.OnOp(func(at string, op hostmemory.Op) error {
		if at != on || !strings.HasPrefix(op.Name, "Container") {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		for name, c := range d.Machine(on).Containers() {
			names[c.ID] = name
		}
		name := op.Subject
		if known, ok := names[name]; ok {
			name = known
		}
		switch op.Name {
		case "ContainerStart", "ContainerStop", "ContainerRemove", "ContainerCreate":
			events = append(events, strings.TrimPrefix(op.Name, "Container")+" "+name)
		case "ContainerWait":
			events = append(events, "Wait "+name)
		}
		return nil
	})
	return func() []string {
		d.OnOp(nil)
		mu.Lock()
		defer mu.Unlock()
		return events
	}
}

// inOrder fails unless the events happen in this order.
func inOrder(t *testing.T, events []string, wanted ...string) {
	t.Helper()
	at := -1
	for _, w := range wanted {
		i := slices.Index(events, w)
		if i < 0 {
			t.Fatalf("%q does not happen: %q", w, events)
		}
		if i < at {
			t.Fatalf("%q comes too early: %q", w, events)
		}
		at = i
	}
}

func TestOrderOfAFirstDeploy(t *testing.T) {
	d := world("web-1")
	spec := memory.Change(d.Shop("aaa", "web-1"), "worker", func(s *app.Service) {
		s.DependsOn = []app.Dependency{{Service: "web", Condition: app.ConditionHealthy, Required: true}}
	})
	d.Machine("web-1").BehaveService("web", hostmemory.Behaviour{HealthyAfter: 20 * time.Millisecond})
	events := d.timeline("web-1")
	want(t, d.deploy(t, spec), app.Succeeded)
	inOrder(t, events(),
		"Start shop-production-db-1-aaa-1",
		"Start shop-production-web-1-aaa-release", "Wait shop-production-web-1-aaa-release",
		"Create shop-production-web-1-aaa-1",
		"Create shop-production-worker-1-aaa-1",
	)
	if web, worker := d.Machine("web-1").Containers()["shop-production-web-1-aaa-1"], d.Machine("web-1").Containers()["shop-production-worker-1-aaa-1"]; worker.StartedAt.Sub(web.StartedAt) < 20*time.Millisecond {
		t.Errorf("worker started %s after web, which was not healthy yet", worker.StartedAt.Sub(web.StartedAt))
	}
}

func TestStopFirstAndStartFirst(t *testing.T) {
	d := world("web-1")
	want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
	events := d.timeline("web-1")
	want(t, d.deploy(t, d.everythingChanges("bbb", "web-1")), app.Succeeded)
	got := events()
	inOrder(t, got, "Stop shop-production-db-1-aaa-1", "Create shop-production-db-2-bbb-1", "Remove shop-production-db-1-aaa-1")
	inOrder(t, got, "Create shop-production-worker-2-bbb-1", "Stop shop-production-worker-1-aaa-1", "Remove shop-production-worker-1-aaa-1")
	// One of its own name cannot start first.
	inOrder(t, got, "Stop shop-queue", "Create shop-queue", "Remove shop-queue-before-2-bbb")
	inOrder(t, got, "Create shop-production-web-2-bbb-1", "Stop shop-production-web-1-aaa-1")
}

func TestContainerNameComesAndGoes(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	unnamed := memory.Change(spec, "queue", func(s *app.Service) { s.Container.FixedName = "" })
	want(t, d.deploy(t, unnamed), app.Succeeded)
	for _, next := range []app.Spec{spec, unnamed, spec} {
		want(t, d.deploy(t, next), app.Succeeded)
		if n := len(d.Machine("web-1").Containers()); n != 6 { // five and the edge
			t.Errorf("%d containers: %v", n, d.State("web-1"))
		}
		want(t, d.deploy(t, next), app.Unchanged)
	}
}

// A failed run names the old container of a fixed name again, whichever of the two steps before failed.
func TestContainerNameIsRestored(t *testing.T) {
	d := world("web-1")
	want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
	before := d.states("web-1")
	spec := d.everythingChanges("bbb", "web-1")
	d.Machine("web-1").BehaveService("queue", hostmemory.Behaviour{Exits: true, ExitCode: 7, Stdout: []string{"no disk"}})
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Restore.Name {
			d.Machine("web-1").BehaveService("queue", hostmemory.Behaviour{}) // as the old one always did
		}
		return a.Work()
	}})
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindExited || f.ExitCode != 7 || !slices.Equal(f.Logs, []string{"no disk"}) || f.Service != "queue" || f.Host != "web-1" {
		t.Errorf("%+v", f)
	}
	same(t, before, d.states("web-1"))
}

func TestScaleUpAndDown(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	want(t, d.deploy(t, spec), app.Succeeded)
	for _, replicas := range []int{5, 1} {
		scaled := memory.Change(spec, "web", func(s *app.Service) { s.Replicas = replicas })
		want(t, d.deploy(t, scaled), app.Succeeded)
		if n := len(d.Running("web-1")); n != 3+replicas {
			t.Errorf("%d containers run: %v", n, d.Running("web-1"))
		}
		if n := len(d.Tables("web-1")[0].Routes[0].Upstreams); n != replicas {
			t.Errorf("%d upstreams for %d replicas", n, replicas)
		}
	}
}

func TestRemovedServiceGoesLast(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	want(t, d.deploy(t, spec), app.Succeeded)
	spec.Services = slices.DeleteFunc(slices.Clone(spec.Services), func(s app.Service) bool { return s.Name == "queue" })
	events := d.timeline("web-1")
	ended := d.deploy(t, spec)
	want(t, ended, app.Succeeded)
	if got := events(); slices.ContainsFunc(got, func(e string) bool { return strings.HasPrefix(e, "Create") }) {
		t.Errorf("a removal needs no new container: %q", got)
	}
	if slices.Contains(d.Running("web-1"), "shop-queue") {
		t.Errorf("runs %v", d.Running("web-1"))
	}
}

// A service that has lost its routes, or is gone, gets requests until the switch, and time to finish them after it.
func TestServiceLosesItsRoutes(t *testing.T) {
	api := func(s *app.Service) {
		s.Routes = []app.Route{{Hosts: []string{"api.example.com"}, Port: 9000}}
		s.Drain = time.Hour
	}
	for name, change := range map[string]func(app.Spec) app.Spec{
		"unrouted": func(s app.Spec) app.Spec { return s },
		"removed": func(s app.Spec) app.Spec {
			s.Services = slices.DeleteFunc(slices.Clone(s.Services), func(s app.Service) bool { return s.Name == "worker" })
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := world("web-1")
			spec := d.Shop("aaa", "web-1")
			want(t, d.deploy(t, memory.Change(spec, "worker", api)), app.Succeeded)
			next := change(spec)
			next = memory.Change(next, "worker", func(s *app.Service) { s.Container.Env = []string{"NEW=1"} })
			ended := d.deploy(t, next) // the world holds that no request is lost
			want(t, ended, app.Succeeded)
			if ended.Count(activities.Drain.Name) != 1 {
				t.Error("its requests had no time to finish")
			}
			if n := len(d.Tables("web-1")[0].Routes); n != 1 {
				t.Errorf("%d routes", n)
			}
		})
	}
}

func TestOneShotServiceOfAFailedRunIsNotRunAgain(t *testing.T) {
	d := world("web-1")
	job := app.Service{
		Name: "job", Replicas: 1, OneShot: true, Order: app.StartFirst, Build: &app.Build{Context: "/src"},
		Health:    app.Health{Within: time.Second, Interval: time.Millisecond},
		Container: app.Container{Networks: []app.Attachment{{Network: app.DefaultNetwork}}},
	}
	d.Source("job", "one")
	d.Machine("web-1").BehaveService("job", hostmemory.Behaviour{Exits: true})
	spec := d.Shop("aaa", "web-1")
	spec.Services = append(spec.Services, job)
	want(t, d.deploy(t, spec), app.Succeeded)
	before := d.states("web-1")
	d.Machine("web-1").BehaveService("job", hostmemory.Behaviour{Exits: true, ExitCode: 1})
	d.Source("job", "two")
	spec.Source.ID = "bbb"
	events := d.timeline("web-1")
	want(t, d.deploy(t, spec), app.FailedClean)
	if slices.Contains(events(), "Start shop-production-job-1-aaa-1") {
		t.Error("the old job was run again")
	}
	same(t, before, d.states("web-1"))
}

func TestReleaseCommandFails(t *testing.T) {
	d := world("web-1", "web-2")
	want(t, d.deploy(t, d.Shop("aaa", "web-1", "web-2")), app.Succeeded)
	before := d.states("web-1", "web-2")
	d.Machine("web-1").BehaveRole(app.RoleReleaseCommand, hostmemory.Behaviour{Exits: true, ExitCode: 3, Stderr: []string{"no such table"}})
	ended := d.deploy(t, d.everythingChanges("bbb", "web-1", "web-2"))
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindRelease || f.ExitCode != 3 || f.Service != "web" || !slices.Equal(f.Logs, []string{"no such table"}) {
		t.Errorf("%+v", f)
	}
	same(t, before, d.states("web-1", "web-2"))
}

// The command's service may be as it should be on the first host, and missing on another.
func TestReleaseCommandOnAHostThatKeepsItsService(t *testing.T) {
	d := world("web-1", "web-2")
	spec := memory.Change(d.Shop("aaa", "web-1", "web-2"), "web", func(s *app.Service) {
		s.Build = nil
		s.Container.Image = memory.QueueImage
	})
	want(t, d.deploy(t, spec), app.Succeeded)
	for _, n := range []string{"1", "2"} { // somebody stops it there
		if err := d.Machine("web-2").Host().Engine().ContainerStop(t.Context(), "shop-production-web-1-aaa-"+n, 0); err != nil {
			t.Fatal(err)
		}
	}
	d.Forgive()
	ended := d.deploy(t, spec)
	want(t, ended, app.Succeeded)
	if ended.Count(activities.RunReleaseCommand.Name) != 1 {
		t.Error("the release command did not run")
	}
}

func TestNamesOfOthers(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	d.Machine("web-1").AddImage("other", hostmemory.ImageSpec{})
	if _, err := d.Machine("web-1").Host().Engine().ContainerCreate(t.Context(), "shop-queue", app.Container{Image: "other"}); err != nil {
		t.Fatal(err)
	}
	before := d.states("web-1")
	ended := d.deploy(t, spec)
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindSpec || f.Service != "queue" || !strings.Contains(f.Message, "shop-queue") {
		t.Errorf("%+v", f)
	}
	same(t, before, d.states("web-1"))
}

// The name's container is one that the run must be able to go back to.
func TestContainerNameMovesToAnotherService(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	want(t, d.deploy(t, spec), app.Succeeded)
	before := d.states("web-1")
	for i := range spec.Services {
		if spec.Services[i].Name == "queue" {
			spec.Services[i].Name = "renamed"
		}
	}
	ended := d.deploy(t, spec)
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindSpec || f.Service != "renamed" || f.Advice == "" {
		t.Errorf("%+v", f)
	}
	same(t, before, d.states("web-1"))
}

// A stop that is cancelled half-way comes to its end, so that it does not end what is started again.
func TestCancelledStopComesToItsEnd(t *testing.T) {
	d := world("web-1")
	d.Machine("web-1").BehaveService("db", hostmemory.Behaviour{IgnoresStop: true})
	spec := memory.Change(d.Shop("aaa", "web-1"), "db", func(s *app.Service) { s.Container.StopGrace = 30 * time.Millisecond })
	want(t, d.deploy(t, spec), app.Succeeded)
	before := d.states("web-1")
	next := memory.Change(spec, "db", func(s *app.Service) { s.Container.Env = []string{"NEW=1"} })
	stopped := false
	ended := d.run(t, next, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Stop.Name {
			a.RequestCancel()
			out, err := a.Work()
			stopped = len(d.Running("web-1")) == 4
			return out, err
		}
		return a.Work()
	}})
	want(t, ended, app.Cancelled)
	if !stopped {
		t.Error("the stop ended before the container did")
	}
	same(t, before, d.states("web-1"))
}
