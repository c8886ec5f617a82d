package rotation_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/rotation"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/workflows"
)

var line = app.SecretLine{Name: "PASSWORD", Scope: app.SecretScope{Kind: app.ScopeProject, Of: "acme/shop"}}

// machine is a host in memory with an image to run.
type machine struct{ *memory.Machine }

func newMachine(name string) machine {
	m := machine{memory.New(name)}
	m.AddImage("app:1", memory.ImageSpec{})
	return m
}

// spec is a site's, whose web has the secret from a scope and whose db has none.
func spec(scope, version string) app.Spec {
	return app.Spec{
		Secrets:      []app.Secret{{Name: "ADMIN", Source: app.SecretSource{From: app.FromEnv}, Sealed: "sealed"}, {Name: "PASSWORD", Scope: scope, Version: version, Sealed: "sealed"}},
		SecretScopes: []app.SecretScope{line.Scope},
		Approve:      &app.Approve{},
		Services: []app.Service{
			{Name: "db"},
			{Name: "web", Container: app.Container{Secrets: []app.ServiceSecret{{Name: "PASSWORD", Version: version}}}},
		},
	}
}

// records makes a release the current one.
func (m machine) records(t *testing.T, site app.Site, number int, s app.Spec) app.Release {
	t.Helper()
	r := app.Release{ID: app.ReleaseID(number, "abc"), Number: number, Spec: s, Configs: map[string]string{"web": "web@" + s.Secret("PASSWORD").Version, "db": "db"}}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	m.writes(t, site, "releases/"+r.ID+".json", string(data))
	m.writes(t, site, "current", r.ID+"\n")
	return r
}

func (m machine) writes(t *testing.T, site app.Site, path, text string) {
	t.Helper()
	if err := m.Host().Files().Write(t.Context(), fence.SiteDir(site)+"/"+path, []byte(text), 0); err != nil {
		t.Fatal(err)
	}
}

// runs starts a container of a release's service, with a version of the secret; empty for none.
func (m machine) runs(t *testing.T, site app.Site, r app.Release, service, name, version string) {
	t.Helper()
	labels := map[string]string{
		app.LabelSite: site.String(), app.LabelRole: app.RoleService, app.LabelService: service, app.LabelRelease: r.ID, app.LabelConfig: service,
	}
	if version != "" {
		labels[app.LabelConfig] += "@" + version
		labels[app.LabelSecrets] = "OTHER@1,PASSWORD@" + version
	}
	engine := m.Host().Engine()
	id, err := engine.ContainerCreate(t.Context(), name, app.Container{Image: "app:1", Labels: labels})
	if err == nil {
		err = engine.ContainerStart(t.Context(), id)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func hostNamed(name string) app.Host { return app.Host{Name: name, Address: name} }

func on(site app.Site, hosts ...string) activities.RotationSite {
	s := activities.RotationSite{Site: site, Scopes: []app.SecretScope{line.Scope}}
	for _, h := range hosts {
		s.Hosts = append(s.Hosts, hostNamed(h))
	}
	return s
}

func inShop(name string) app.Site { return app.Site{Org: "acme", Project: "shop", Name: name} }

func find(t *testing.T, e *engine, in activities.FindConsumersInput, machines ...machine) []activities.Consumer {
	t.Helper()
	var all []*memory.Machine
	for _, m := range machines {
		all = append(all, m.Machine)
	}
	found, err := rotation.Activities{Hosts: memory.Opener(all...), Client: e}.FindConsumers(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFindConsumers(t *testing.T) {
	one, two := newMachine("web-1"), newMachine("web-2")
	site := inShop("production")
	old := one.records(t, site, 6, spec(app.ScopeProject, "2"))
	now := one.records(t, site, 7, spec(app.ScopeProject, "3"))
	one.runs(t, site, old, "web", "web-old", "2")
	one.runs(t, site, old, "db", "db", "") // no deploy has changed it since
	one.runs(t, site, now, "web", "web-1", "3")
	one.runs(t, site, now, "web", "web-down", "3")
	if err := one.Host().Engine().ContainerStop(t.Context(), "web-down", 0); err != nil {
		t.Fatal(err)
	}
	behind := two.records(t, site, 6, spec(app.ScopeProject, "2")) // a partial run has left it behind
	two.runs(t, site, behind, "web", "web-1", "2")
	got := find(t, &engine{}, activities.FindConsumersInput{
		Secret: line, Sites: []activities.RotationSite{on(site, "web-1", "web-2")}, Service: "db", Admin: "ADMIN",
	}, one, two)
	want := []activities.Consumer{{
		RotationSite: on(site, "web-1", "web-2"), Release: "7-abc", Version: "3", Services: []string{"web"}, HasService: true, ServiceHost: "web-1",
		Admin: &app.Secret{Name: "ADMIN", Source: app.SecretSource{From: app.FromEnv}},
		Runs: []activities.SecretUser{
			{Host: "web-1", Service: "web", Container: "web-1", Version: "3", Live: true},
			{Host: "web-1", Service: "web", Container: "web-old", Version: "2"},
			{Host: "web-2", Service: "web", Container: "web-1", Version: "2", Live: true},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What was replaced under a container counts more than what it was made with.
func TestVersionReplacedUnderAContainer(t *testing.T) {
	m, site := newMachine("web-1"), inShop("production")
	r := m.records(t, site, 7, spec(app.ScopeProject, "3"))
	m.runs(t, site, r, "web", "web-1", "3")
	m.writes(t, site, "secrets/7-abc/web/versions.json", `{"PASSWORD":"4"}`)
	got := find(t, &engine{}, activities.FindConsumersInput{Secret: line, Sites: []activities.RotationSite{on(site, "web-1")}}, m)
	if len(got) != 1 || got[0].Runs[0].Version != "4" {
		t.Errorf("%+v", got)
	}
}

// Who has the secret from elsewhere, no service with it, or nothing deployed, is no consumer. Sites that only the engine
// knows are, with the settings that they were deployed with.
func TestWhoIsAConsumer(t *testing.T) {
	m := newMachine("web-1")
	withoutServices, elsewhere := spec(app.ScopeProject, "3"), spec("", "h1")
	withoutServices.Services = withoutServices.Services[:1]
	elsewhere.Secrets[1].Source.From = app.FromEnv
	sites := map[string]app.Spec{
		"uses": spec(app.ScopeProject, "3"), "preview-1": spec(app.ScopeProject, "3"), "preview-2": spec(app.ScopeProject, "3"),
		"own": spec(app.ScopeSite, "1"), "for-builds": withoutServices, "elsewhere": elsewhere,
	}
	var given []activities.RotationSite
	states := map[string]workflows.SiteState{}
	for name, s := range sites {
		m.records(t, inShop(name), 7, s)
		if name == "preview-1" || name == "preview-2" {
			states[workflows.SiteID(inShop(name))] = workflows.SiteState{Hosts: []app.Host{hostNamed("web-1")}}
		} else {
			given = append(given, on(inShop(name), "web-1"))
		}
	}
	other := app.Site{Org: "acme", Project: "shopping", Name: "uses"}
	m.records(t, other, 7, spec(app.ScopeProject, "3"))
	given = append(given, on(inShop("new"), "web-1"), on(other, "web-1"))
	e := &engine{states: states, sites: [][]string{
		{workflows.SiteID(inShop("uses")), workflows.SiteID(other), workflows.SiteID(inShop("preview-1")), workflows.SiteID(inShop("unknown"))},
		{workflows.SiteID(inShop("preview-2"))},
	}}
	var names []string
	for _, c := range find(t, e, activities.FindConsumersInput{Secret: line, Sites: given}, m) {
		names = append(names, c.Site.Name)
		if c.Site.Name != "uses" && (c.Approve == nil || !slices.Equal(c.Scopes, []app.SecretScope{line.Scope})) {
			t.Errorf("%+v", c)
		}
	}
	if diff := cmp.Diff([]string{"preview-1", "preview-2", "uses"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestHostThatIsDown(t *testing.T) {
	one, two := newMachine("web-1"), newMachine("web-2")
	site, lost := inShop("production"), inShop("staging")
	r := one.records(t, site, 7, spec(app.ScopeProject, "3"))
	one.runs(t, site, r, "web", "web-1", "3")
	two.records(t, site, 7, spec(app.ScopeProject, "3"))
	two.Unreachable(true)
	in := activities.FindConsumersInput{Secret: line, Sites: []activities.RotationSite{on(site, "web-1", "web-2"), on(lost, "web-2")}}
	_, err := rotation.Activities{Hosts: memory.Opener(one.Machine, two.Machine), Client: &engine{}}.FindConsumers(t.Context(), in)
	if f := activities.FailureOf(err); err == nil || f.Kind != app.KindUnreachable || f.Host != "web-2" {
		t.Errorf("%+v, %v", f, err)
	}
	in.Partly = true
	got := find(t, &engine{}, in, one, two)
	if len(got) != 2 || got[0].Release != "7-abc" || len(got[0].Runs) != 1 || !slices.Equal(got[0].Unasked, []string{"web-2"}) ||
		got[1].Release != "" || !slices.Equal(got[1].Unasked, []string{"web-2"}) {
		t.Errorf("%+v", got)
	}
}
