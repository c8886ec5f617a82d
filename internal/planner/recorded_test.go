package planner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

var shopImages = map[string]string{"db": "sha256:db", "web": "sha256:web"}

// recordedShop is a site that runs as release 41, and that release.
func recordedShop() (app.Release, app.Observed) {
	db, web := plainService("db"), routedService("web", "db")
	web.Release = []string{"migrate"}
	spec := shop(db, web)
	r := app.Release{ID: "41-a1b2c3d", Number: 41, Spec: spec, Images: map[string]app.Image{}, Configs: map[string]string{}}
	for _, s := range spec.Services {
		r.Images[s.Name] = app.Image{ID: shopImages[s.Name]}
		r.Configs[s.Name] = ConfigHash(s)
	}
	return r, running(spec, "web-1", shopImages)
}

// again is what a run of a record asks for.
func again(r app.Release) Desired {
	return Desired{Spec: r.Spec, Images: map[string]map[string]app.Image{"web-1": r.Images}, Recorded: true}
}

func TestRecordedReleaseThatRunsIsUnchanged(t *testing.T) {
	r, o := recordedShop()
	if plan := Plan(again(r), []app.Observed{o}); !plan.Unchanged {
		t.Errorf("%+v", plan)
	}
	// Its source is not asked for: the images are known.
	o.Current.SourceID = "another"
	if plan := Plan(again(r), []app.Observed{o}); !plan.Unchanged {
		t.Errorf("%+v", plan)
	}
}

func TestRecordedReleaseIsNotMadeAgain(t *testing.T) {
	r, o := recordedShop()
	r.Images["web"] = app.Image{ID: "sha256:older"}
	plan := Plan(again(r), []app.Observed{o})
	if len(plan.Builds)+len(plan.ReleaseCommands) != 0 || plan.Release != "42-a1b2c3d" || plan.Unchanged {
		t.Errorf("%+v", plan)
	}
	if c := plan.Hosts[0].Changes; c[0].Action != app.Keep || c[1].Action != app.Replace || c[1].Reason != "image changes" {
		t.Errorf("%+v", c)
	}
}

func TestForceReplacesWhatDoesNotDiffer(t *testing.T) {
	r, o := recordedShop()
	desired := again(r)
	desired.Force = []string{"web"}
	plan := Plan(desired, []app.Observed{o})
	if c := plan.Hosts[0].Changes; plan.Unchanged || c[0].Action != app.Keep || c[1].Action != app.Replace || c[1].Reason != "restart" || len(c[1].Start) != 1 {
		t.Errorf("%+v", c)
	}
}

// No container is what a service without replicas should have.
func TestNoReplicas(t *testing.T) {
	r, o := recordedShop()
	r.Spec.Services[0].Replicas = 0
	plan := Plan(again(r), []app.Observed{o})
	if c := plan.Hosts[0].Changes[0]; c.Action != app.Replace || len(c.Start) != 0 || len(c.Old) != 1 {
		t.Errorf("%+v", c)
	}
	o.Containers = o.Containers[1:]
	if plan := Plan(again(r), []app.Observed{o}); !plan.Unchanged {
		t.Errorf("%+v", plan.Hosts[0].Changes)
	}
}

// A run died after its switch, and before it was recorded.
func TestWhatIsNotRecordedIsNotUnchanged(t *testing.T) {
	r, o := recordedShop()
	o.Current.ID = "40-x"
	if Plan(again(r), []app.Observed{o}).Unchanged {
		t.Error("the edge leads to another release than is recorded")
	}
	o.Edge = nil
	r.Spec.Services, o.Containers = r.Spec.Services[:1], o.Containers[:1]
	if Plan(again(r), []app.Observed{o}).Unchanged {
		t.Error("a container is of a newer release than is recorded")
	}
	o.Current.ID = "42-x" // it was kept
	if !Plan(again(r), []app.Observed{o}).Unchanged {
		t.Error("a container that a later release kept")
	}
}

func TestDrift(t *testing.T) {
	routes := func(o *app.Observed) *app.EdgeTable { return &o.Edge.Tables[0] }
	for _, c := range []struct {
		name   string
		change func(r *app.Release, o *app.Observed)
		want   []string // kind, service, container
	}{
		{"nothing", func(*app.Release, *app.Observed) {}, nil},
		{"a container ended", func(_ *app.Release, o *app.Observed) { o.Containers[0].Status = "exited" }, []string{"stopped db shop-production-db-41-a1b2c3d-1"}},
		{"one that was never started", func(_ *app.Release, o *app.Observed) { o.Containers[0].Status = "created" }, []string{"stopped db shop-production-db-41-a1b2c3d-1"}},
		{"one that runs once has ended", func(r *app.Release, o *app.Observed) {
			r.Spec.Services[0].OneShot = true
			o.Containers[0].Status = "exited"
		}, nil},
		{"one that runs once has failed", func(r *app.Release, o *app.Observed) {
			r.Spec.Services[0].OneShot = true
			o.Containers[0].Status, o.Containers[0].ExitCode = "exited", 1
		}, []string{"stopped db shop-production-db-41-a1b2c3d-1"}},
		{"unhealthy", func(_ *app.Release, o *app.Observed) { o.Containers[1].Health = "unhealthy" }, []string{"unhealthy web shop-production-web-41-a1b2c3d-1"}},
		{"made anew by hand", func(_ *app.Release, o *app.Observed) { o.Containers[0].Labels[app.LabelConfig] = "x" }, []string{"changed db shop-production-db-41-a1b2c3d-1"}},
		{"another image", func(_ *app.Release, o *app.Observed) { o.Containers[0].ImageID = "sha256:x" }, []string{"image db shop-production-db-41-a1b2c3d-1"}},
		{"gone", func(_ *app.Release, o *app.Observed) { o.Containers = o.Containers[1:] }, []string{"missing db "}},
		{"one too many", func(_ *app.Release, o *app.Observed) {
			more := o.Containers[0]
			more.Name = "more"
			o.Containers = append(o.Containers, more)
		}, []string{"extra db "}},
		{"of a newer release", func(_ *app.Release, o *app.Observed) {
			more := o.Containers[0]
			more.Name = "more"
			more.Labels = map[string]string{app.LabelService: "db", app.LabelRole: app.RoleService, app.LabelRelease: "42-x"}
			o.Containers = append(o.Containers, more)
		}, []string{"extra db more"}},
		{"of an older release that was kept", func(_ *app.Release, o *app.Observed) { o.Containers[0].Labels[app.LabelRelease] = "40-x" }, nil},
		{"of a service that is no more", func(r *app.Release, o *app.Observed) { r.Spec.Services = r.Spec.Services[1:] }, []string{"extra db shop-production-db-41-a1b2c3d-1"}},
		{"a release command's container", func(_ *app.Release, o *app.Observed) {
			o.Containers = append(o.Containers, app.ContainerState{Name: "command", Labels: map[string]string{app.LabelService: "web", app.LabelRole: app.RoleReleaseCommand}})
		}, nil},
		{"no edge", func(_ *app.Release, o *app.Observed) { o.Edge = nil }, []string{"routes  "}},
		{"no edge where nothing is routed", func(r *app.Release, o *app.Observed) {
			r.Spec.Services, o.Containers, o.Edge = r.Spec.Services[:1], o.Containers[:1], nil
		}, nil},
		{"no table", func(_ *app.Release, o *app.Observed) { o.Edge.Tables = nil }, []string{"routes  "}},
		{"another release's table", func(_ *app.Release, o *app.Observed) { routes(o).Release = "40-x" }, []string{"routes  "}},
		{"other routes", func(_ *app.Release, o *app.Observed) { routes(o).Routes[0].Route.Hosts = []string{"x"} }, []string{"routes  "}},
		{"an address of nobody", func(_ *app.Release, o *app.Observed) { routes(o).Routes[0].Upstreams = []string{"10.213.0.77:3000"} }, []string{"routes web "}},
		{"stopped on purpose", func(_ *app.Release, o *app.Observed) {
			o.Stopped, o.Edge.Tables = true, nil
			o.Containers[0].Status, o.Containers[1].Status = "exited", "exited"
		}, nil},
		{"stopped on purpose, and running", func(_ *app.Release, o *app.Observed) {
			o.Stopped = true
			o.Containers[0].Status = "exited"
		}, []string{"running web shop-production-web-41-a1b2c3d-1", "running  "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, o := recordedShop()
			table := routes(&o)
			for i := range table.Routes {
				table.Routes[i].Upstreams = []string{o.Containers[1].Addresses["shop-production-default"] + ":3000"}
			}
			c.change(&r, &o)
			var got []string
			for _, d := range Drift(r, o) {
				got = append(got, fmt.Sprintf("%s %s %s", d.Kind, d.Service, d.Container))
				if d.Detail == "" || strings.HasSuffix(d.Detail, " ") {
					t.Errorf("%+v tells nothing", d)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

func TestStopOrder(t *testing.T) {
	r, o := recordedShop()
	worker := plainService("worker", "db")
	r.Spec.Services = append(r.Spec.Services, worker)
	for _, name := range []string{"worker", "stranger"} {
		o.Containers = append(o.Containers, app.ContainerState{Name: name, Status: "running", Labels: map[string]string{app.LabelService: name}})
	}
	o.Containers = append(o.Containers, app.ContainerState{Name: "ended", Status: "exited", Labels: map[string]string{app.LabelService: "db"}})
	want := [][]string{{"stranger"}, {"shop-production-web-41-a1b2c3d-1", "worker"}, {"shop-production-db-41-a1b2c3d-1"}}
	if diff := cmp.Diff(want, StopOrder(r.Spec, o)); diff != "" {
		t.Error(diff)
	}
	if StopOrder(r.Spec, app.Observed{}) != nil {
		t.Error("nothing runs, and something is to be stopped")
	}
}
