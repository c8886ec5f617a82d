package transfer_test

import (
	"slices"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

// reuse asks for a recorded image under a name, as a run that owns the site.
func reuse(t *testing.T, m *memory.Machine, image app.Image, ref string) (app.Image, error) {
	t.Helper()
	site := app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}
	run := "default-test-run-id"
	taken, err := fence.Take(t.Context(), m.Host(), site, run, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := transfer.New(memory.Opener(m), unseal.Opener{}, nil, nil, nil).Reuse
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(f)
	value, err := env.ExecuteActivity(f, activities.ReuseInput{
		Target: activities.Target{Host: app.Host{Name: "web-1"}, Site: site, Fence: taken}, Service: "web", Image: image, Ref: ref,
	})
	var out app.Image
	if err == nil {
		err = value.Get(&out)
	}
	return out, err
}

func TestReuseNamesTheRecordedImage(t *testing.T) {
	m := memory.New("web-1")
	recorded := m.AddImage(tag, memory.ImageSpec{Layers: []string{"one"}})
	m.AddImage(tag, memory.ImageSpec{Layers: []string{"two"}}) // the name has moved
	const next = "longshore/shop-production/web:3-aaa"
	for range 2 {
		out, err := reuse(t, m, app.Image{Ref: tag, ID: recorded.ID}, next)
		if err != nil || out.ID != recorded.ID || out.Ref != next || out.Architecture == "" {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	have, err := m.Host().Engine().ImageInspect(t.Context(), recorded.ID)
	if err != nil || !slices.Equal(have.Tags, []string{next}) {
		t.Errorf("%+v, %v", have, err)
	}
}

// The name of a registry's image is not the site's to move.
func TestReuseLeavesTheNameOfARegistry(t *testing.T) {
	m := memory.New("web-1")
	old := m.AddImage("postgres:1", memory.ImageSpec{Layers: []string{"one"}})
	m.AddImage("other:1", memory.ImageSpec{Layers: []string{"one"}}) // the same image
	moved := m.AddImage("postgres:1", memory.ImageSpec{Layers: []string{"two"}})
	out, err := reuse(t, m, app.Image{Ref: "postgres:1", ID: old.ID, RepoDigest: "postgres@x"}, "")
	if err != nil || out.ID != old.ID || out.Ref != "postgres:1" || out.RepoDigest != "postgres@x" {
		t.Fatalf("%+v, %v", out, err)
	}
	if now, err := m.Host().Engine().ImageInspect(t.Context(), "postgres:1"); err != nil || now.ID != moved.ID {
		t.Errorf("postgres:1 is %s, %v", now.ID, err)
	}
}

func TestReuseOfWhatIsGone(t *testing.T) {
	m := memory.New("web-1")
	m.AddImage(tag, memory.ImageSpec{Layers: []string{"two"}}) // another image of its name does not do
	if _, err := reuse(t, m, app.Image{Ref: tag, ID: "sha256:gone"}, tag); kindOf(err) != app.KindPruned || activities.FailureOf(err).Advice == "" {
		t.Errorf("%v", err)
	}
}
