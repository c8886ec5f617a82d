package container_test

import (
	"context"
	"slices"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/container"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

func ours() map[string]string { return map[string]string{app.LabelSite: site.String()} }

// furnish gives a machine things of the site and things of others.
func furnish(t *testing.T, m *memory.Machine) {
	t.Helper()
	e, ctx := m.Host().Engine(), t.Context()
	m.AddImage("longshore/shop-production/web:1-a", memory.ImageSpec{Labels: map[string]string{app.LabelSite: site.String(), app.LabelService: "web"}})
	m.AddImage("theirs:1", memory.ImageSpec{})
	for _, net := range []struct {
		name   string
		labels map[string]string
	}{{"shop-production-default", ours()}, {"theirs", nil}} {
		if _, err := e.NetworkCreate(ctx, net.name, app.Network{Labels: net.labels}); err != nil {
			t.Fatal(err)
		}
	}
	for name, labels := range map[string]map[string]string{"shop-production-data": ours(), "theirs": nil} {
		if err := e.VolumeCreate(ctx, name, app.Volume{Labels: labels}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]app.Container{
		"shop-web": {Image: "theirs:1", Labels: ours(), Mounts: []app.Mount{{Type: "volume", Source: "shop-production-data", Target: "/data"}}},
		"theirs":   {Image: "theirs:1"},
	} {
		if _, err := e.ContainerCreate(ctx, name, c); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"current", "stopped", "freeze.json", "releases/1-a.json", "marks/1-a.json", "files/abc", "secrets/1-a/web/mounted/db"} {
		if err := m.Host().Files().Write(ctx, fence.SiteDir(site)+"/"+name, []byte("x"), 0); err != nil {
			t.Fatal(err)
		}
	}
}

func erase(t *testing.T, m *memory.Machine, f app.Fence, volumes bool) error {
	t.Helper()
	do := container.Activities{Hosts: memory.Opener(m)}.Erase
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(do)
	_, err := env.ExecuteActivity(do, activities.EraseInput{
		Target: activities.Target{Host: app.Host{Name: "web-1"}, Site: site, Fence: f}, Volumes: volumes,
	})
	return err
}

func TestEraseTakesWhatIsTheSites(t *testing.T) {
	for _, volumes := range []bool{false, true} {
		m := memory.New("web-1")
		m.OnRun(func(context.Context, host.Command) (host.Output, error) { return host.Output{}, nil })
		furnish(t, m)
		taken, err := fence.Take(t.Context(), m.Host(), site, "default-test-run-id", 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a worker that is lost after its work has another do it again
			if err := erase(t, m, taken, volumes); err != nil {
				t.Fatal(err)
			}
		}
		e, ctx := m.Host().Engine(), t.Context()
		if left := m.Containers(); len(left) != 1 || left["theirs"].Name == "" {
			t.Errorf("containers: %v", left)
		}
		if left, err := e.ImageList(ctx, nil); err != nil || len(left) != 1 || left[0].Ref != "theirs:1" {
			t.Errorf("images: %v, %v", left, err)
		}
		if left, err := e.NetworkList(ctx, ours()); err != nil || len(left) != 0 {
			t.Errorf("networks: %v, %v", left, err)
		}
		if _, err := e.NetworkInspect(ctx, "theirs"); err != nil {
			t.Error(err)
		}
		all, err := e.VolumeList(ctx, nil)
		want := 2
		if volumes {
			want = 1
		}
		if err != nil || len(all) != want || all[len(all)-1].Name != "theirs" {
			t.Errorf("volumes: %v, %v", all, err)
		}
		names, err := m.Host().Files().List(ctx, fence.SiteDir(site))
		if err != nil || slices.ContainsFunc(names, func(n string) bool { return n != "fence" && n != "lock" }) || !slices.Contains(names, "fence") {
			t.Errorf("files: %v, %v", names, err)
		}
	}
}

// An older run's removal changes nothing.
func TestEraseIsFenced(t *testing.T) {
	m := memory.New("web-1")
	furnish(t, m)
	taken, err := fence.Take(t.Context(), m.Host(), site, "default-test-run-id", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fence.Take(t.Context(), m.Host(), site, "newer", 0); err != nil {
		t.Fatal(err)
	}
	if err := erase(t, m, taken, true); activities.FailureOf(err).Kind != app.KindFenced || len(m.Containers()) != 2 {
		t.Errorf("%v: %v", err, m.Containers())
	}
}
