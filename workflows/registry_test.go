package workflows_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// recorded are the images of a service in the records of a run, by host.
func recorded(t *testing.T, ended memory.Ended, service string) map[string]app.Image {
	t.Helper()
	out := map[string]app.Image{}
	for _, a := range ended.Attempts {
		if in, ok := a.In.(activities.RecordInput); ok {
			out[a.Host] = in.Release.Images[service]
		}
	}
	return out
}

// agree fails unless all hosts recorded one digest for the database, and answers it.
func agree(t *testing.T, ended memory.Ended, hosts ...string) string {
	t.Helper()
	images := recorded(t, ended, "db")
	first := images[hosts[0]]
	for _, name := range hosts {
		if images[name].ID != first.ID || images[name].RepoDigest != first.RepoDigest || first.RepoDigest == "" {
			t.Errorf("%s runs %s %s, and %s %s %s", name, images[name].ID, images[name].RepoDigest, hosts[0], first.ID, first.RepoDigest)
		}
	}
	return first.RepoDigest
}

// The tag moves between the pulls of two hosts.
func TestHostsRunOneDigest(t *testing.T) {
	d := world("web-1", "web-2")
	spec := d.Shop("aaa", "web-1", "web-2")
	var moved sync.Once
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Pull.Name && a.Service == "db" {
			moved.Do(func() { d.Publish(memory.DatabaseImage, "moved") })
		}
		return a.Work()
	}})
	want(t, ended, app.Succeeded)
	before := agree(t, ended, "web-1", "web-2")
	if n := ended.Count(activities.Resolve.Name); n != 2 {
		t.Errorf("%d digests were asked for, not one for each image of a registry", n)
	}
	// The hosts hold the image: nobody asks the registry, unless that is what pull_policy says.
	changed := memory.Change(spec, "db", func(s *app.Service) { s.Container.User = "1" })
	ended = d.deploy(t, changed)
	want(t, ended, app.Succeeded)
	if after := agree(t, ended, "web-1", "web-2"); after != before || ended.Count(activities.Resolve.Name) != 0 {
		t.Errorf("pulled %s after %s", after, before)
	}
	always := memory.Change(changed, "db", func(s *app.Service) { s.PullPolicy = "always" })
	ended = d.deploy(t, always)
	want(t, ended, app.Succeeded)
	if after := agree(t, ended, "web-1", "web-2"); after == before || ended.Count(activities.Resolve.Name) != 1 {
		t.Errorf("pull_policy always leaves %s", after)
	}
	want(t, d.deploy(t, always), app.Unchanged)
}

// A new host gets what the others run, not what the tag stands for by now.
func TestANewHostGetsTheDigestOfTheOthers(t *testing.T) {
	d := world("web-1", "web-2")
	ended := d.deploy(t, d.Shop("aaa", "web-1"))
	want(t, ended, app.Succeeded)
	before := agree(t, ended, "web-1")
	spec := memory.Change(d.Shop("aaa", "web-1", "web-2"), "db", func(s *app.Service) { s.Container.User = "1" })
	d.Publish(memory.DatabaseImage, "moved")
	ended = d.deploy(t, spec)
	want(t, ended, app.Succeeded)
	if after := agree(t, ended, "web-1", "web-2"); after != before {
		t.Errorf("%s after %s", after, before)
	}
}

// An image that is pushed is fetched once, and pulled by no host.
func TestPushedImage(t *testing.T) {
	d := world("web-1", "web-2")
	spec := memory.Change(d.Shop("aaa", "web-1", "web-2"), "db", func(s *app.Service) { s.Push = true })
	ended := d.deploy(t, spec)
	want(t, ended, app.Succeeded)
	agree(t, ended, "web-1", "web-2")
	if ended.Count(activities.Fetch.Name) != 1 {
		t.Errorf("fetched %d times", ended.Count(activities.Fetch.Name))
	}
	for _, a := range ended.Attempts {
		if (a.Step == activities.Pull.Name || a.Step == activities.Resolve.Name) && a.Service == "db" {
			t.Errorf("%s asks a registry", a.Host)
		}
	}
	want(t, d.deploy(t, spec), app.Unchanged)
}

// A registry that denies an image fails the run before anything is changed.
func TestDeniedImage(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	for _, push := range []bool{false, true} {
		d := world("web-1", "web-2")
		spec := memory.Change(d.Shop("aaa", "web-1", "web-2"), "db", func(s *app.Service) { s.Push = push })
		before := d.states("web-1", "web-2")
		for _, name := range []string{"web-1", "web-2", memory.Builder} {
			d.Machine(name).Guard(app.DockerHub, "ci", "hunter2")
		}
		ended := d.deploy(t, spec)
		want(t, ended, app.FailedClean)
		same(t, before, d.states("web-1", "web-2"))
		f := ended.Result.Failure
		if f.Kind != app.KindRegistry || f.Step != "pull" || !strings.Contains(f.Message, app.DockerHub) || strings.Contains(fmt.Sprint(f), "hunter2") {
			t.Errorf("%+v", f)
		}
		t.Setenv("HUB_PASSWORD", "hunter2")
		spec.Registries = []app.Registry{{Name: app.DockerHub, Username: "ci", PasswordEnv: "HUB_PASSWORD"}}
		want(t, d.deploy(t, spec), app.Succeeded)
	}
}

// No more hosts get images at once than the site allows, and all get them in the end.
func TestHostsGetImagesInTurn(t *testing.T) {
	hosts := []string{"web-1", "web-2", "web-3", "web-4", "web-5"}
	for _, atOnce := range []int{1, 2, 5} {
		d := world(hosts...)
		spec := d.Shop("aaa", hosts...)
		spec.Transfer.Parallel = atOnce
		var mu sync.Mutex
		busy, most := map[string]int{}, 0
		ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
			if a.Step != activities.Transfer.Name && a.Step != activities.Pull.Name {
				return a.Work()
			}
			mu.Lock()
			busy[a.Host]++
			most = max(most, len(busy))
			mu.Unlock()
			time.Sleep(5 * time.Millisecond) // long enough for others to come in
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				if busy[a.Host]--; busy[a.Host] == 0 {
					delete(busy, a.Host)
				}
			}()
			return a.Work()
		}})
		want(t, ended, app.Succeeded)
		if most > atOnce || atOnce > 1 && most < 2 {
			t.Errorf("%d hosts got images at once, where %d may", most, atOnce)
		}
		agree(t, ended, hosts...)
	}
}

// held is the id of an image on a host.
func (d *deploys) held(t *testing.T, on, ref string) string {
	t.Helper()
	image, err := d.Machine(on).Host().Engine().ImageInspect(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return image.ID
}

// A run that fails gives the image that runs its name back, so that the next one does not take up what has failed.
func TestAFailedRunGivesTheNameBack(t *testing.T) {
	for _, push := range []bool{false, true} {
		d := world("web-1")
		spec := memory.Change(d.Shop("aaa", "web-1"), "db", func(s *app.Service) { s.Push, s.PullPolicy = push, "always" })
		want(t, d.deploy(t, spec), app.Succeeded)
		before := d.held(t, "web-1", memory.DatabaseImage)
		d.Machine("web-1").BehaveService("web", hostmemory.Behaviour{NeverHealthy: true})
		next := memory.Change(d.Shop("bbb", "web-1"), "db", func(s *app.Service) { s.Push, s.PullPolicy = push, "always" })
		d.Publish(memory.DatabaseImage, "broken")
		ended := d.deploy(t, next)
		want(t, ended, app.FailedClean)
		if ended.Count(activities.NameImage.Name) == 0 {
			t.Error("no name is given back")
		}
		d.Machine("web-1").BehaveService("web", hostmemory.Behaviour{})
		if after := d.held(t, "web-1", memory.DatabaseImage); after != before {
			t.Errorf("push %v: the name is left with %s, and not with %s", push, after, before)
		}
		want(t, d.deploy(t, memory.Change(spec, "db", func(s *app.Service) { s.Push, s.PullPolicy = push, "" })), app.Unchanged)
	}
}
