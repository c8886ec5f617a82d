package release_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

var site = app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}

// place is one host in memory that the test's run owns the site on.
type place struct {
	*memory.Machine
	activities release.Activities
	fence      app.Fence
}

func newPlace(t *testing.T) place {
	t.Helper()
	m := memory.New("web-1")
	m.OnRun(func(context.Context, host.Command) (host.Output, error) { return host.Output{}, nil })
	p := place{Machine: m, activities: release.Activities{Hosts: memory.Opener(m)}}
	var err error
	if p.fence, err = fence.Take(t.Context(), m.Host(), site, "default-test-run-id", 0); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p place) target() activities.Target {
	return activities.Target{Host: app.Host{Name: "web-1"}, Site: site, Fence: p.fence}
}

// do runs an activity twice, as a worker that is lost after its work has another do: the second changes nothing.
func do[In, Out any](t *testing.T, p place, f func(context.Context, In) (Out, error), in In) {
	t.Helper()
	var first string
	for i := range 2 {
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestActivityEnvironment()
		env.RegisterActivity(f)
		if _, err := env.ExecuteActivity(f, in); err != nil {
			t.Fatal(err)
		}
		if state := fmt.Sprint(p.files(t)); i == 0 {
			first = state
		} else if withoutTimes(state) != withoutTimes(first) {
			t.Errorf("done again, it makes %s of %s", state, first)
		}
	}
}

// withoutTimes leaves out when marks were written.
func withoutTimes(state string) string {
	var out []string
	for _, part := range strings.Split(state, `"at":"`) {
		out = append(out, part[max(0, strings.IndexByte(part, '"')):])
	}
	return strings.Join(out, "")
}

// files are the site's files on the host, by path, but the fence and its lock.
func (p place) files(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	var walk func(dir string)
	walk = func(dir string) {
		names, err := p.Host().Files().List(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			path := dir + "/" + name
			if data, err := p.Host().Files().Read(t.Context(), path); err == nil {
				out[strings.TrimPrefix(path, fence.SiteDir(site)+"/")] = string(data)
			} else {
				walk(path)
			}
		}
	}
	walk(fence.SiteDir(site))
	delete(out, "fence")
	delete(out, "lock")
	return out
}

func (p place) current(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(p.files(t)["current"])
}

// record records releases of one built service, each of an image of its own, the last as the current one. An id may name
// what it repeats after a colon: "4-b:2-b".
func (p place) record(t *testing.T, stable bool, ids ...string) {
	t.Helper()
	for _, id := range ids {
		id, of, _ := strings.Cut(id, ":")
		ref := "longshore/shop-production/web:" + id
		image := p.AddImage(ref, memory.ImageSpec{Layers: []string{id}, Labels: map[string]string{app.LabelSite: site.String(), app.LabelService: "web"}})
		do(t, p, p.activities.Record, activities.RecordInput{Target: p.target(), Stable: stable, Release: app.Release{
			ID: id, Number: app.ReleaseNumber(id), Of: of,
			Spec:   app.Spec{Site: site, Services: []app.Service{{Name: "web", Build: &app.Build{}}}},
			Images: map[string]app.Image{"web": {Ref: ref, ID: image.ID}},
		}})
	}
}

func (p place) recall(t *testing.T, in activities.RecallInput) activities.Recalled {
	t.Helper()
	in.Host, in.Site = app.Host{Name: "web-1"}, site
	out, err := p.activities.Recall(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// has fails unless the host has exactly these of the site's records and marks.
func (p place) has(t *testing.T, dir string, ids ...string) {
	t.Helper()
	var got []string
	for path := range p.files(t) {
		if id, ok := strings.CutPrefix(path, dir+"/"); ok {
			got = append(got, strings.TrimSuffix(id, ".json"))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, ids) {
		t.Errorf("%s: %v, not %v", dir, got, ids)
	}
}
