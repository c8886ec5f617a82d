package memory

import (
	"slices"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// The images that Shop pulls.
const (
	DatabaseImage = "postgres:1"
	QueueImage    = "queue:1"
)

// Shop is an app with every kind of service: web is built, routed and has a release command; worker is built, plain and
// starts first; db is pulled, stops first and has a volume; queue is pulled and has a name of its own. The world gets
// what it is made of.
func (w *World) Shop(source string, hosts ...string) app.Spec {
	w.Publish(DatabaseImage, "database")
	w.Publish(QueueImage, "queue")
	w.Source("web", source)
	w.Source("worker", source)
	health := app.Health{Within: 200 * time.Millisecond, Interval: time.Millisecond, StableFor: 2 * time.Millisecond, Timeout: time.Second}
	asked := health
	asked.Path, asked.Port = "/up", 3000
	net := []app.Attachment{{Network: app.DefaultNetwork}}
	always := app.Restart{Name: "unless-stopped"}
	onDB := []app.Dependency{{Service: "db", Condition: app.ConditionHealthy, Required: true}}
	spec := app.Spec{
		Site:   app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"},
		Source: app.Source{ID: source, SHA: source},
		Services: []app.Service{
			{
				Name: "db", Replicas: 1, Order: app.StopFirst, Health: health,
				Container: app.Container{Image: DatabaseImage, Networks: net, Restart: always, Mounts: []app.Mount{{Type: "volume", Source: "data", Target: "/data"}}},
			},
			{
				Name: "queue", Replicas: 1, Order: app.StartFirst, Health: health,
				Container: app.Container{Image: QueueImage, Networks: net, Restart: always, FixedName: "shop-queue"},
			},
			{
				Name: "web", Replicas: 2, Build: &app.Build{Context: "/src"}, DependsOn: onDB, Health: asked, Drain: 50 * time.Millisecond,
				Routes:    []app.Route{{Hosts: []string{"shop.example.com"}, Port: 3000}},
				Release:   []string{"/web", "migrate"},
				Container: app.Container{Networks: net, Restart: always},
			},
			{
				Name: "worker", Replicas: 1, Order: app.StartFirst, Build: &app.Build{Context: "/src"}, DependsOn: onDB, Health: health,
				Container: app.Container{Networks: net, Restart: always},
			},
		},
		Networks: []app.Network{{Name: app.DefaultNetwork}},
		Volumes:  []app.Volume{{Name: "data"}},
	}
	for _, name := range hosts {
		spec.Hosts = append(spec.Hosts, app.Host{Name: name, Address: "deploy@" + name})
	}
	return spec
}

// SecretShop is Shop with secrets, none of them resolved: web has API as a variable and NPM for its build, worker has KEY as
// a file, and db as well, which is told of a new version by a signal.
func (w *World) SecretShop(source string, hosts ...string) app.Spec {
	spec := w.Shop(source, hosts...)
	key := app.ServiceSecret{Name: "KEY", Target: app.SecretsFolder + "/key"}
	spec = Change(spec, "web", func(s *app.Service) {
		s.Container.Secrets = []app.ServiceSecret{{Name: "API", Env: "API"}}
		s.Build = &app.Build{Context: s.Build.Context, Secrets: []app.BuildSecret{{ID: "npm", Secret: "NPM"}}}
	})
	spec = Change(spec, "worker", func(s *app.Service) { s.Container.Secrets = []app.ServiceSecret{key} })
	spec = Change(spec, "db", func(s *app.Service) {
		s.Container.Secrets = []app.ServiceSecret{key}
		s.OnChange = app.OnChange{Action: app.OnChangeSignal, Signal: "SIGHUP"}
	})
	spec.Secrets = []app.Secret{{Name: "API"}, {Name: "KEY"}, {Name: "NPM"}}
	return spec
}

// Change answers a spec with one of its services changed; the given spec stays as it is.
func Change(spec app.Spec, service string, change func(*app.Service)) app.Spec {
	spec.Services = slices.Clone(spec.Services)
	for i := range spec.Services {
		if spec.Services[i].Name == service {
			change(&spec.Services[i])
		}
	}
	return spec
}
