package planner

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

// A container that was made before there were secrets is the same as one that is made today without any.
func TestConfigHashOfServicesWithoutSecretsStays(t *testing.T) {
	full := app.Service{Name: "web", Replicas: 2, Platform: "linux/amd64", Container: app.Container{
		Image: "web:1", Command: []string{"/web"}, Env: []string{"A=1"}, StopGrace: time.Minute,
		Mounts:   []app.Mount{{Type: "volume", Source: "data", Target: "/data"}},
		Networks: []app.Attachment{{Network: app.DefaultNetwork}},
	}}
	pinned := app.Spec{Services: []app.Service{full}}.Pin([]app.Secret{{Name: "KEY", Version: "1"}}).Services[0]
	for want, s := range map[string]app.Service{"e57ded042f332072": full, "1c46f6d333d00cef": plainService("db")} {
		if got := ConfigHash(s); got != want {
			t.Errorf("%s of %s, not %s: every container of a service without secrets would be replaced", got, s.Name, want)
		}
	}
	if ConfigHash(pinned) != ConfigHash(full) {
		t.Error("to pin a secret that a service does not have changes its hash")
	}
}

func TestConfigHashOfServicesWithSecrets(t *testing.T) {
	file := app.ServiceSecret{Name: "KEY", Version: "1", Target: "/run/secrets/key"}
	variable := app.ServiceSecret{Name: "KEY", Version: "1", Env: "KEY"}
	for _, c := range []struct {
		name, onChange string
		secret         app.ServiceSecret
		change         func(*app.ServiceSecret)
		differs        bool
	}{
		{"a version that takes new containers", app.OnChangeRestart, file, func(s *app.ServiceSecret) { s.Version = "2" }, true},
		{"a version where nothing is said", "", file, func(s *app.ServiceSecret) { s.Version = "2" }, true},
		{"a version that comes in place", app.OnChangeNone, file, func(s *app.ServiceSecret) { s.Version = "2" }, false},
		{"a version that comes by a signal", app.OnChangeSignal, file, func(s *app.ServiceSecret) { s.Version = "2" }, false},
		{"a variable's version", app.OnChangeNone, variable, func(s *app.ServiceSecret) { s.Version = "2" }, true},
		{"a mode", app.OnChangeNone, file, func(s *app.ServiceSecret) { s.Mode = 0o400 }, true},
		{"a target", app.OnChangeNone, file, func(s *app.ServiceSecret) { s.Target = "/run/secrets/other" }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := plainService("db")
			s.OnChange.Action = c.onChange
			s.Container.Secrets = []app.ServiceSecret{c.secret}
			before := ConfigHash(s)
			if s.Container.Secrets[0] != c.secret {
				t.Fatal("the service was changed")
			}
			c.change(&s.Container.Secrets[0])
			if got := ConfigHash(s) != before; got != c.differs {
				t.Errorf("the hash differs: %v", got)
			}
		})
	}
}

// secretShop is a shop whose web has secrets that take new containers, and whose db has one that is changed in place.
func secretShop() app.Spec {
	spec := shop(routedService("web"), plainService("db"))
	spec.Services[0].Container.Secrets = []app.ServiceSecret{{Name: "API", Env: "API"}, {Name: "KEY", Target: "/run/secrets/key"}}
	spec.Services[1].Container.Secrets = []app.ServiceSecret{{Name: "KEY", Target: "/run/secrets/key"}}
	spec.Services[1].OnChange = app.OnChange{Action: app.OnChangeSignal, Signal: "SIGHUP"}
	spec.Secrets = []app.Secret{{Name: "API"}, {Name: "KEY"}, {Name: "REGISTRY"}}
	return spec.Pin([]app.Secret{{Name: "API", Version: "1"}, {Name: "KEY", Version: "1"}, {Name: "REGISTRY", Version: "1"}})
}

// onlyDB leaves the db alone of a shop and its host.
func onlyDB(s *app.Spec, o *app.Observed) {
	s.Services, o.Containers = s.Services[1:], o.Containers[1:]
	o.Edge.Tables[0].Routes = nil
}

func TestPlanOfSecrets(t *testing.T) {
	images := map[string]string{"web": "sha256:web", "db": "sha256:db"}
	newKey := []app.Secret{{Name: "KEY", Version: "2"}}
	for _, c := range []struct {
		name      string
		pin       []app.Secret
		change    func(*app.Spec, *app.Observed)
		desired   Desired
		want      map[string]string
		unchanged bool
	}{
		{name: "the same versions", want: map[string]string{"web": "keep", "db": "keep"}, unchanged: true},
		{
			name: "a new version", pin: newKey,
			want: map[string]string{"web": "replace: secret KEY changes", "db": "refresh: secret KEY changes"},
		},
		{
			name: "new versions of two", pin: []app.Secret{{Name: "API", Version: "2"}, {Name: "KEY", Version: "2"}},
			want: map[string]string{"web": "replace: secrets API, KEY change", "db": "refresh: secret KEY changes"},
		},
		{
			name: "a new version in place alone", pin: newKey,
			change: onlyDB,
			want:   map[string]string{"db": "refresh: secret KEY changes"},
		},
		{
			name: "a new version and something else", pin: newKey,
			change: func(s *app.Spec, _ *app.Observed) {
				s.Services[0].Container.Env, s.Services[1].Container.Env = []string{"A=1"}, []string{"A=1"}
			},
			want: map[string]string{"web": "replace: configuration changes", "db": "replace: configuration changes"},
		},
		{
			name: "containers that do not say what they were made with", pin: newKey,
			change: func(_ *app.Spec, o *app.Observed) { delete(o.Containers[0].Labels, app.LabelSecrets) },
			want:   map[string]string{"web": "replace: configuration changes", "db": "refresh: secret KEY changes"},
		},
		{
			name: "a secret more",
			change: func(s *app.Spec, _ *app.Observed) {
				s.Services[1].Container.Secrets = append(s.Services[1].Container.Secrets, app.ServiceSecret{Name: "API", Version: "1", Target: "/run/secrets/api"})
			},
			want: map[string]string{"web": "keep", "db": "replace: configuration changes"},
		},
		{
			name: "a container that has ended is made again", pin: newKey,
			change: func(_ *app.Spec, o *app.Observed) { o.Containers[1].Status = "exited" },
			want:   map[string]string{"web": "replace: secret KEY changes", "db": "replace: shop-production-db-41-a1b2c3d-1 is exited"},
		},
		{
			name: "dependents stay where a dependency is refreshed", pin: newKey,
			change: func(s *app.Spec, o *app.Observed) {
				s.Services[0].Container.Secrets = nil
				o.Containers[0].Labels[app.LabelConfig] = ConfigHash(s.Services[0])
				s.Services[0].DependsOn = []app.Dependency{{Service: "db", Restart: true}}
			},
			want: map[string]string{"web": "keep", "db": "refresh: secret KEY changes"},
		},
		{
			name:   "what a run could not put back",
			change: func(_ *app.Spec, o *app.Observed) { o.Containers[1].Secrets = map[string]string{"KEY": "2"} },
			want:   map[string]string{"web": "keep", "db": "refresh: secret KEY changes"},
		},
		{
			name: "what came already, and was not recorded", pin: newKey,
			change: func(s *app.Spec, o *app.Observed) {
				onlyDB(s, o)
				o.Containers[0].Secrets = map[string]string{"KEY": "2"}
			},
			want: map[string]string{"db": "keep"},
		},
		{
			name: "one that runs to its end", pin: newKey,
			change: func(s *app.Spec, o *app.Observed) {
				onlyDB(s, o)
				s.Services[0].OneShot, o.Containers[0].Status = true, "exited"
			},
			want: map[string]string{"db": "keep"}, unchanged: true,
		},
		{
			name: "a deploy leaves what no container has for the next change", pin: []app.Secret{{Name: "REGISTRY", Version: "2"}},
			want: map[string]string{"web": "keep", "db": "keep"}, unchanged: true,
		},
		{
			name: "a rotation records what no container has", pin: []app.Secret{{Name: "REGISTRY", Version: "2"}}, desired: Desired{Recorded: true},
			want: map[string]string{"web": "keep", "db": "keep"},
		},
		{
			name: "a rotation of nothing", desired: Desired{Recorded: true},
			want: map[string]string{"web": "keep", "db": "keep"}, unchanged: true,
		},
		{
			name: "a stopped site", pin: newKey, desired: Desired{Recorded: true, Stopped: true},
			change: func(_ *app.Spec, o *app.Observed) {
				o.Containers[0].Status, o.Containers[1].Status, o.Edge.Tables = "exited", "exited", nil
			},
			want: map[string]string{"web": "keep", "db": "keep"},
		},
		{
			name: "a stopped site with the versions that it has", desired: Desired{Recorded: true, Stopped: true},
			change: func(_ *app.Spec, o *app.Observed) {
				o.Containers[0].Status, o.Containers[1].Status, o.Edge.Tables = "exited", "exited", nil
			},
			want: map[string]string{"web": "keep", "db": "keep"}, unchanged: true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := secretShop()
			o := running(spec, "web-1", images)
			o.Current.Secrets = spec.SecretVersions()
			for i, s := range spec.Services {
				o.Containers[i].Labels[app.LabelSecrets] = app.SecretsLabel(s.Container.Secrets)
			}
			spec = spec.Pin(c.pin)
			if c.change != nil {
				c.change(&spec, &o)
			}
			desired := c.desired
			desired.Spec = spec
			plan := Plan(desired, []app.Observed{o})
			if diff := cmp.Diff(c.want, actions(plan)); diff != "" {
				t.Error(diff)
			}
			if plan.Unchanged != c.unchanged {
				t.Errorf("unchanged is %v", plan.Unchanged)
			}
			for _, change := range plan.Hosts[0].Changes {
				if change.Action == app.Refresh && (len(change.Old) != 1 || len(change.Start) != 0) {
					t.Errorf("%+v: its containers stay", change)
				}
			}
			if desired.Stopped && plan.Hosts[0].Table != nil {
				t.Error("a stopped site gets routes")
			}
		})
	}
}

func TestRefreshBuildsNothing(t *testing.T) {
	spec := secretShop()
	spec.Services[0].OnChange.Action, spec.Services[0].Release = app.OnChangeNone, []string{"migrate"}
	spec.Services[0].Container.Secrets = spec.Services[0].Container.Secrets[1:]
	o := running(spec, "web-1", map[string]string{"web": "sha256:web", "db": "sha256:db"})
	plan := Plan(Desired{Spec: spec.Pin([]app.Secret{{Name: "KEY", Version: "2"}})}, []app.Observed{o})
	if len(plan.Builds) != 0 || len(plan.ReleaseCommands) != 0 || plan.Unchanged {
		t.Errorf("%+v", plan)
	}
}

// What was refreshed in place is no drift.
func TestDriftOfRefreshedContainers(t *testing.T) {
	spec := secretShop()
	spec.Services = spec.Services[1:]
	o := running(spec, "web-1", map[string]string{"db": "sha256:db"})
	o.Edge = nil
	refreshed := spec.Pin([]app.Secret{{Name: "KEY", Version: "2"}})
	record := app.Release{
		ID: "42-a1b2c3d", Number: 42, Spec: refreshed, Images: map[string]app.Image{"db": {ID: "sha256:db"}},
		Configs: map[string]string{"db": ConfigHash(refreshed.Services[0])},
	}
	if drift := Drift(record, o); len(drift) != 0 {
		t.Errorf("%+v", drift)
	}
	o.Containers[0].Secrets = map[string]string{"KEY": "2"}
	if drift := Drift(record, o); len(drift) != 0 {
		t.Errorf("%+v", drift)
	}
	o.Containers[0].Secrets["KEY"] = "1"
	if drift := Drift(record, o); len(drift) != 1 || drift[0].Kind != app.DriftChanged || drift[0].Detail != "has version 1 of the secret KEY, not 2" {
		t.Errorf("%+v", drift)
	}
}
