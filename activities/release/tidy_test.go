package release

import (
	"slices"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/internal/image/chunk"
)

// What the host knows of layers goes with the images that have them, when these are pruned and when a failed run is
// cleaned up.
func TestWhatIsKnownOfLayersGoesWithThem(t *testing.T) {
	site := app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}
	labels := map[string]string{app.LabelSite: site.String(), app.LabelService: "web"}
	for name, step := range map[string]func(env *testsuite.TestActivityEnvironment, a Activities, target activities.Target) error{
		"pruned": func(env *testsuite.TestActivityEnvironment, a Activities, target activities.Target) error {
			_, err := env.ExecuteActivity(a.Prune, activities.PruneInput{Target: target, Keep: 1})
			return err
		},
		"cleaned up": func(env *testsuite.TestActivityEnvironment, a Activities, target activities.Target) error {
			_, err := env.ExecuteActivity(a.Clean, activities.CleanInput{Target: target, Release: "1-a"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			machine := memory.New("web-1")
			a := Activities{Hosts: memory.Opener(machine)}
			env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
			env.RegisterActivity(a.Record)
			env.RegisterActivity(a.Prune)
			env.RegisterActivity(a.Clean)
			taken, err := fence.Take(t.Context(), machine.Host(), site, "run", 0)
			if err != nil {
				t.Fatal(err)
			}
			target := activities.Target{Host: app.Host{Name: "web-1"}, Site: site, Fence: taken}
			files := machine.Host().Files()
			know := func(ref string) string {
				image := machine.AddImage("longshore/shop-production/web:"+ref, memory.ImageSpec{Layers: []string{ref}, Labels: labels})
				name := chunk.Name(image.Layers[0])
				if err := files.Write(t.Context(), "chunks/"+name, []byte("what it is made of"), 0); err != nil {
					t.Fatal(err)
				}
				return name
			}
			know("1-a")
			kept := know("2-b")
			release := app.Release{ID: "2-b", Number: 2, Images: map[string]app.Image{"web": {Ref: "longshore/shop-production/web:2-b"}}}
			if _, err := env.ExecuteActivity(a.Record, activities.RecordInput{Target: target, Release: release}); err != nil {
				t.Fatal(err)
			}
			if err := step(env, a, target); err != nil {
				t.Fatal(err)
			}
			if known, err := files.List(t.Context(), "chunks"); err != nil || !slices.Equal(known, []string{kept}) {
				t.Errorf("the host knows of %q, %v, not of %q alone", known, err, kept)
			}
		})
	}
}
