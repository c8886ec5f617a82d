package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// broken is a failure that no retry mends.
func broken(where string) error {
	return failing.With(app.Failure{Kind: app.KindSpec, Message: "broken for the test: " + where}, nil)
}

// spot is one call of a run.
type spot struct {
	step, host, service string
	nth                 int
}

func spotOf(a *memory.Attempt) spot { return spot{a.Step, a.Host, a.Service, a.Nth} }

func (s spot) String() string { return fmt.Sprintf("%s_%s_%s_%d", s.step, s.host, s.service, s.nth) }

// afterTheSwitch are the steps of a run that only goes forward.
var afterTheSwitch = map[string]bool{
	activities.Drain.Name: true, activities.Remove.Name: true, activities.Mark.Name: true, activities.Prune.Name: true, activities.PruneBuilds.Name: true,
}

// settles says whether a call belongs to the part in which a run only goes forward. One that is watched is still to be
// taken back when it has recorded its release.
func (s scenario) settles(at spot) bool {
	switch at.step {
	case activities.Stop.Name:
		return at.service == "release"
	case activities.Record.Name:
		return !s.watched
	}
	return afterTheSwitch[at.step]
}

// scenario is a site before a deploy that fails somewhere.
type scenario struct {
	name  string
	hosts []string
	// before brings the site to where the deploy begins, and answers what is deployed.
	before func(t *testing.T, d *deploys, hosts ...string) app.Spec
	// watched says that the deploy goes step by step, and is watched once it serves.
	watched bool
}

// scenarios are the deploys whose every step is broken once.
func scenarios() []scenario {
	return []scenario{
		{"first", []string{"web-1"}, func(_ *testing.T, d *deploys, hosts ...string) app.Spec { return d.Shop("aaa", hosts...) }, false},
		{"redeploy", []string{"web-1", "web-2"}, func(t *testing.T, d *deploys, hosts ...string) app.Spec {
			want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
			return d.everythingChanges("bbb", hosts...)
		}, false},
		{"watched", []string{"web-1"}, func(t *testing.T, d *deploys, hosts ...string) app.Spec {
			want(t, d.deploy(t, d.Shop("aaa", hosts...)), app.Succeeded)
			spec := watched(d.everythingChanges("bbb", hosts...), "")
			spec.Canary = &app.Canary{Weights: []int{10, 100}, Each: 2 * time.Millisecond}
			return spec
		}, true},
		{"secrets", []string{"web-1"}, func(t *testing.T, d *deploys, hosts ...string) app.Spec {
			d.keep(t)
			want(t, d.deploy(t, d.SecretShop("aaa", hosts...)), app.Succeeded)
			d.Secret("API", "second value of API")
			d.Secret("KEY", "second value of KEY")
			return d.SecretShop("aaa", hosts...)
		}, false},
	}
}

// everythingChanges is a shop of which every service is replaced, with a new volume and a new network.
func (d *deploys) everythingChanges(source string, hosts ...string) app.Spec {
	spec := d.Shop(source, hosts...)
	for i := range spec.Services {
		spec.Services[i].Container.Env = []string{"SOURCE=" + source}
	}
	spec.Volumes = append(spec.Volumes, app.Volume{Name: "more"})
	spec.Networks = append(spec.Networks, app.Network{Name: "back"})
	return memory.Change(spec, "db", func(s *app.Service) {
		s.Container.Mounts = append([]app.Mount{{Type: "volume", Source: "more", Target: "/more"}}, s.Container.Mounts...)
		s.Container.Networks = append([]app.Attachment{{Network: "back"}}, s.Container.Networks...)
	})
}

// spots are the calls of a deploy that nothing happens to.
func (s scenario) spots(t *testing.T) []spot {
	d := world(s.hosts...)
	spec := s.before(t, d, s.hosts...)
	ended := d.deploy(t, spec)
	want(t, ended, app.Succeeded)
	var out []spot
	for _, a := range ended.Attempts {
		out = append(out, spotOf(a))
	}
	return out
}

func TestEveryStepFailsOnce(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			for _, at := range s.spots(t) {
				for _, done := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s_done=%v", at, done), func(t *testing.T) {
						t.Parallel()
						failOnce(t, s, at, done)
					})
				}
			}
		})
	}
}

// failOnce breaks one call of a deploy, before or after it has done its work.
func failOnce(t *testing.T, s scenario, at spot, done bool) {
	d := world(s.hosts...)
	spec := s.before(t, d, s.hosts...)
	before, served := d.states(s.hosts...), d.live(s.hosts[0])
	ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if spotOf(a) != at {
			return a.Work()
		}
		if done {
			if out, err := a.Work(); err != nil {
				return out, err
			}
		}
		return nil, broken(at.String())
	}})
	f := ended.Result.Failure
	if f == nil || f.Message != "broken for the test: "+at.String() {
		t.Fatalf("failure %+v (%v)", f, ended.Err)
	}
	if s.settles(at) {
		want(t, ended, app.FailedDirty)
		for _, h := range s.hosts {
			if d.live(h) != ended.Result.Release {
				t.Errorf("%s serves %q", h, d.live(h))
			}
		}
		if len(f.Left) == 0 {
			t.Error("nothing is named as left")
		}
		// The next deploy goes on from there.
		want(t, d.deploy(t, d.Shop("ccc", s.hosts...)), app.Succeeded)
		return
	}
	want(t, ended, app.FailedClean)
	same(t, before, d.states(s.hosts...))
	for _, h := range s.hosts {
		if d.live(h) != served {
			t.Errorf("%s serves %q, not %q", h, d.live(h), served)
		}
	}
}
