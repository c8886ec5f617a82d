package planner

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

var site = app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}

func plainService(name string, dependsOn ...string) app.Service {
	s := app.Service{Name: name, Replicas: 1, Order: app.StopFirst, Container: app.Container{Image: name + ":1"}}
	for _, d := range dependsOn {
		s.DependsOn = append(s.DependsOn, app.Dependency{Service: d, Condition: app.ConditionStarted, Required: true})
	}
	return s
}

func routedService(name string, dependsOn ...string) app.Service {
	s := plainService(name, dependsOn...)
	s.Build = &app.Build{Context: "/src"}
	s.Container.Image = ""
	s.Routes = []app.Route{{Hosts: []string{name + ".example.com"}, Port: 3000}}
	s.Drain = 30 * time.Second
	return s
}

func shop(services ...app.Service) app.Spec {
	return app.Spec{
		Site: site, Services: services,
		Hosts:    []app.Host{{Name: "web-1", Address: "web-1"}},
		Networks: []app.Network{{Name: app.DefaultNetwork}},
		Source:   app.Source{ID: "a1b2c3d"},
	}
}

// running is a host on which the spec runs as release 41 with the images given by service.
func running(spec app.Spec, host string, images map[string]string) app.Observed {
	o := app.Observed{
		Host: host, FreeBytes: 10 << 30, LastNumber: 41,
		Engine:   app.EngineInfo{OS: "linux", Architecture: "amd64", APIVersion: "1.41"},
		Networks: []app.NetworkState{{Name: "shop-production-default", Subnets: []string{"10.213.0.0/24"}}},
		Images:   map[string]app.Image{},
		Current:  &app.RecordedRelease{ID: "41-a1b2c3d", SourceID: spec.Source.ID, ImageIDs: images},
		Edge:     &app.EdgeStatus{Tables: []app.EdgeTable{{Site: site.String(), Release: "41-a1b2c3d"}}},
	}
	for i, s := range spec.Services {
		o.Containers = append(o.Containers, app.ContainerState{
			Name: ContainerName(site, s.Name, "41-a1b2c3d", 1), ImageID: images[s.Name], Status: "running",
			Addresses: map[string]string{"shop-production-default": "10.213.0." + string(rune('2'+i))},
			Labels: map[string]string{
				app.LabelSite: site.String(), app.LabelService: s.Name, app.LabelRole: app.RoleService,
				app.LabelRelease: "41-a1b2c3d", app.LabelConfig: ConfigHash(s),
			},
		})
		o.Images[s.Container.Image] = app.Image{ID: images[s.Name]}
		for _, r := range s.Routes {
			o.Edge.Tables[0].Routes = append(o.Edge.Tables[0].Routes, app.EdgeRoute{Service: s.Name, Route: r})
		}
	}
	return o
}

func actions(p app.Plan) map[string]string {
	out := map[string]string{}
	for _, h := range p.Hosts {
		for _, c := range h.Changes {
			out[c.Service] = string(c.Action)
			if c.Reason != "" {
				out[c.Service] += ": " + c.Reason
			}
		}
	}
	return out
}

func TestPlanActions(t *testing.T) {
	images := map[string]string{"web": "sha256:web", "db": "sha256:db"}
	tests := map[string]struct {
		change    func(*app.Spec, *app.Observed)
		images    map[string]map[string]app.Image
		want      map[string]string
		unchanged bool
	}{
		"nothing changes": {want: map[string]string{"web": "keep", "db": "keep"}, unchanged: true},
		"first deploy": {
			change: func(_ *app.Spec, o *app.Observed) { *o = app.Observed{Host: "web-1"} },
			want:   map[string]string{"web": "create: not there yet", "db": "create: not there yet"},
		},
		"new source": {
			change: func(s *app.Spec, _ *app.Observed) { s.Source.ID = "fffffff" },
			want:   map[string]string{"web": "replace: source changes", "db": "keep"},
		},
		"new source that builds the same image": {
			change:    func(s *app.Spec, _ *app.Observed) { s.Source.ID = "fffffff" },
			images:    map[string]map[string]app.Image{"web-1": {"web": {ID: "sha256:web"}}},
			want:      map[string]string{"web": "keep", "db": "keep"},
			unchanged: true,
		},
		"new image": {
			images: map[string]map[string]app.Image{"web-1": {"web": {ID: "sha256:new"}}},
			want:   map[string]string{"web": "replace: image changes", "db": "keep"},
		},
		"image tag moved on the host": {
			change: func(_ *app.Spec, o *app.Observed) { o.Images["db:1"] = app.Image{ID: "sha256:newer"} },
			want:   map[string]string{"web": "keep", "db": "replace: image changes"},
		},
		"environment": {
			change: func(s *app.Spec, _ *app.Observed) { s.Services[1].Container.Env = []string{"A=1"} },
			want:   map[string]string{"web": "keep", "db": "replace: configuration changes"},
		},
		"a replica died": {
			change: func(_ *app.Spec, o *app.Observed) { o.Containers[0].Status = "exited" },
			want:   map[string]string{"web": "replace: shop-production-web-41-a1b2c3d-1 is exited", "db": "keep"},
		},
		"a leftover of a terminated run": {
			change: func(_ *app.Spec, o *app.Observed) {
				left := o.Containers[0]
				left.Name = ContainerName(site, "web", "42-fffffff", 1)
				o.Containers = append(o.Containers, left)
			},
			want: map[string]string{"web": "replace: has 2 of 1 replicas", "db": "keep"},
		},
		"service removed": {
			change: func(s *app.Spec, _ *app.Observed) { s.Services = s.Services[:1] },
			want:   map[string]string{"web": "keep", "db": "remove: no longer in the compose file"},
		},
		"edge lost its table": {
			change: func(_ *app.Spec, o *app.Observed) { o.Edge.Tables = nil },
			want:   map[string]string{"web": "replace: not routed yet", "db": "keep"},
		},
		"edge writes the same routes otherwise": {
			change: func(_ *app.Spec, o *app.Observed) {
				o.Edge.Tables[0].Routes[0].Route.Hosts = []string{"WEB.example.com"}
				o.Edge.Tables[0].Routes[0].Route.Path = "/"
			},
			want: map[string]string{"web": "keep", "db": "keep"}, unchanged: true,
		},
		"pull always": {
			change: func(s *app.Spec, _ *app.Observed) { s.Services[1].PullPolicy = "always" },
			want:   map[string]string{"web": "keep", "db": "replace: image may change: pull_policy is always"},
		},
		"restarted with its dependency": {
			change: func(s *app.Spec, o *app.Observed) {
				s.Services[0].DependsOn = []app.Dependency{{Service: "db", Restart: true}}
				o.Images["db:1"] = app.Image{ID: "sha256:newer"}
			},
			want: map[string]string{"web": "replace: db is replaced", "db": "replace: image changes"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			spec := shop(routedService("web"), plainService("db"))
			o := running(spec, "web-1", images)
			if test.change != nil {
				test.change(&spec, &o)
			}
			plan := Plan(Desired{Spec: spec, Images: test.images}, []app.Observed{o})
			if diff := cmp.Diff(test.want, actions(plan)); diff != "" {
				t.Error(diff)
			}
			if plan.Unchanged != test.unchanged {
				t.Errorf("unchanged is %v", plan.Unchanged)
			}
		})
	}
}

func TestPlanRouteChangeAlone(t *testing.T) {
	spec := shop(routedService("web"))
	o := running(spec, "web-1", map[string]string{"web": "sha256:web"})
	spec.Services[0].Routes[0].Path = "/new"
	plan := Plan(Desired{Spec: spec}, []app.Observed{o})
	if plan.Unchanged || plan.Hosts[0].Changes[0].Action != app.Keep {
		t.Errorf("a changed route needs a switch and no container: %+v", plan)
	}
}

func TestPlanNumbersFollowTheHighestSeen(t *testing.T) {
	spec := shop(plainService("db"))
	spec.Hosts = append(spec.Hosts, app.Host{Name: "web-2"})
	plan := Plan(Desired{Spec: spec}, []app.Observed{{Host: "web-2", LastNumber: 7}, {Host: "web-1", LastNumber: 3}})
	if plan.Release != "8-a1b2c3d" {
		t.Errorf("release %s", plan.Release)
	}
	// Hosts that a partial run has left behind may know less than the site.
	if plan := Plan(Desired{Spec: spec, Number: 9}, []app.Observed{{Host: "web-2", LastNumber: 7}}); plan.Number != 10 {
		t.Errorf("number %d where the site knows of 9", plan.Number)
	}
}

func TestPlanSlotsAvoidWhatRuns(t *testing.T) {
	spec := shop(routedService("web"))
	spec.Services[0].Replicas = 3
	o := running(shop(routedService("web"), routedService("api")), "web-1", map[string]string{"web": "sha256:old", "api": "sha256:api"})
	plan := Plan(Desired{Spec: spec}, []app.Observed{o})
	var got []int
	for _, c := range plan.Hosts[0].Changes {
		for _, s := range c.Start {
			got = append(got, s.Slot)
		}
	}
	// 10.213.0.2 and .3, which are slots 1 and 2, run the old release.
	if diff := cmp.Diff([]int{3, 4, 5}, got); diff != "" {
		t.Error(diff)
	}
}

func TestStages(t *testing.T) {
	migrating := routedService("web", "db")
	migrating.Release = []string{"/app", "migrate"}
	tests := map[string]struct {
		services     []app.Service
		want         map[string]int
		releaseAfter int
	}{
		"no dependencies": {[]app.Service{plainService("a"), plainService("b")}, map[string]int{"a": 1, "b": 1}, 0},
		"a chain":         {[]app.Service{plainService("c", "b"), plainService("b", "a"), plainService("a")}, map[string]int{"a": 1, "b": 2, "c": 3}, 0},
		"a migration's database comes before it, all else after": {
			[]app.Service{migrating, plainService("db"), plainService("jobs"), plainService("late", "web")},
			map[string]int{"db": 1, "web": 3, "jobs": 2, "late": 4}, 1,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := stagesOf(app.Spec{Services: test.services})
			if diff := cmp.Diff(test.want, got.of); diff != "" {
				t.Error(diff)
			}
			if got.releaseAfter != test.releaseAfter {
				t.Errorf("release commands after stage %d", got.releaseAfter)
			}
		})
	}
}

func TestSlotAddress(t *testing.T) {
	tests := []struct {
		cidr string
		slot int
		want string
		ok   bool
	}{
		{"10.213.0.0/24", 1, "10.213.0.2", true},
		{"10.213.0.0/24", 126, "10.213.0.127", true},
		{"10.213.0.0/24", 127, "", false}, // the engine's half
		{"10.213.0.0/24", 0, "", false},
		{"fd00::/64", 1, "", false},
		{"nonsense", 1, "", false},
	}
	for _, test := range tests {
		got, ok := SlotAddress(test.cidr, test.slot)
		if got != test.want || ok != test.ok {
			t.Errorf("slot %d of %s: %s %v", test.slot, test.cidr, got, ok)
		}
	}
	if got, _ := DynamicRange("10.213.0.0/24"); got != "10.213.0.128/25" {
		t.Errorf("dynamic range %s", got)
	}
}

func TestPreflight(t *testing.T) {
	tests := map[string]struct {
		change func(*app.Spec, *app.Observed)
		want   []string
	}{
		"well": {},
		"edge port taken": {
			func(_ *app.Spec, o *app.Observed) { o.Edge = nil; o.Listening = []int{80} },
			[]string{app.KindPort},
		},
		"published port taken by a process": {
			func(s *app.Spec, o *app.Observed) {
				s.Services[1].Container.Ports = []app.Port{{Published: "5432", Target: 5432}}
				o.Listening = []int{5432}
			},
			[]string{app.KindPort},
		},
		"published port is the site's own": {
			func(s *app.Spec, o *app.Observed) {
				s.Services[1].Container.Ports = []app.Port{{Published: "5432", Target: 5432}}
				o.Containers[1].Ports = []app.Port{{Published: "5432", Target: 5432, Protocol: "tcp"}}
				o.Listening = []int{5432}
			}, nil,
		},
		"published port taken by a container": {
			func(s *app.Spec, o *app.Observed) {
				s.Services[1].Container.Ports = []app.Port{{Published: "5432", Target: 5432}}
				o.Published = []app.PublishedPort{{Container: "theirs", Port: app.Port{Published: "5432", Target: 1, Protocol: "tcp"}}}
			},
			[]string{app.KindPort},
		},
		"the same port on another address": {
			func(s *app.Spec, o *app.Observed) {
				s.Services[1].Container.Ports = []app.Port{{Published: "5432", Target: 5432, HostIP: "127.0.0.1"}}
				o.Published = []app.PublishedPort{{Container: "theirs", Port: app.Port{Published: "5432", HostIP: "127.0.0.2"}}}
			}, nil,
		},
		"route of another site": {
			func(_ *app.Spec, o *app.Observed) {
				o.Edge.Tables = append(o.Edge.Tables, app.EdgeTable{Site: "default/other/production", Routes: []app.EdgeRoute{{Route: app.Route{Hosts: []string{"WEB.example.com"}, Path: "/"}}}})
			},
			[]string{app.KindRoute},
		},
		"external volume missing": {
			func(s *app.Spec, _ *app.Observed) { s.Volumes = []app.Volume{{Name: "data", External: "theirs"}} },
			[]string{app.KindMissing},
		},
		"disk full":      {func(_ *app.Spec, o *app.Observed) { o.FreeBytes = 1 << 20 }, []string{app.KindDisk}},
		"engine too old": {func(_ *app.Spec, o *app.Observed) { o.Engine.APIVersion = "1.40" }, []string{app.KindEngine}},
		"windows":        {func(_ *app.Spec, o *app.Observed) { o.Engine.OS = "windows" }, []string{app.KindEngine}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			spec := shop(routedService("web"), plainService("db"))
			o := running(spec, "web-1", map[string]string{"web": "sha256:web", "db": "sha256:db"})
			if test.change != nil {
				test.change(&spec, &o)
			}
			plan := Plan(Desired{Spec: spec}, []app.Observed{o})
			var got []string
			for _, f := range Preflight(spec, plan, []app.Observed{o}) {
				got = append(got, f.Kind)
				if f.Message == "" || f.Advice == "" || f.Host != "web-1" {
					t.Errorf("a failure needs message, advice and host: %+v", f)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheckImage(t *testing.T) {
	o := app.Observed{Engine: app.EngineInfo{Architecture: "amd64"}}
	if f := CheckImage(app.Host{Name: "web-1"}, o, "web", app.Image{Architecture: "amd64"}); f != nil {
		t.Errorf("refused: %+v", f)
	}
	if f := CheckImage(app.Host{Name: "web-1"}, o, "web", app.Image{Architecture: "arm64"}); f == nil || f.Kind != app.KindArchitecture {
		t.Errorf("an arm64 image was accepted by amd64: %+v", f)
	}
}
