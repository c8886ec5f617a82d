package workflows_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// secretWorld is a world whose secrets API, KEY and NPM have a first version.
func secretWorld(t *testing.T, hosts ...string) *deploys {
	d := world(hosts...)
	d.keep(t)
	return d
}

// keep gives the secrets of memory.SecretShop a first version.
func (d *deploys) keep(t *testing.T) {
	d.Keys(t.TempDir())
	for _, name := range []string{"API", "KEY", "NPM"} {
		d.Secret(name, "first value of "+name)
	}
}

// has is what a host's running container of a service says of its secrets; "" where none runs.
func (d *deploys) has(host, service string) string {
	for _, c := range d.Machine(host).Containers() {
		if c.Running() && c.Labels[app.LabelService] == service {
			return c.Labels[app.LabelSecrets]
		}
	}
	return ""
}

// secretFile is what the container of a service has in its file of the secret KEY.
func (d *deploys) secretFile(t *testing.T, host, service string) string {
	t.Helper()
	found := ""
	for path, text := range d.State(host).Files {
		if !strings.Contains(path, "/secrets/") || !strings.HasSuffix(path, "/"+service+"/mounted/key") {
			continue
		}
		if found != "" {
			t.Errorf("%s has more than one file of KEY of %s: %s", host, service, path)
		}
		found = text
	}
	return found
}

func TestDeployPinsSecrets(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := secretWorld(t, hosts...)
	ended := d.deploy(t, d.SecretShop("aaa", hosts...))
	want(t, ended, app.Succeeded)
	if ended.Attempts[0].Step != activities.ResolveSecrets.Name || ended.Count(activities.ResolveSecrets.Name) != 1 {
		t.Errorf("%v: secrets come first, and once", ended.Attempts)
	}
	for _, h := range hosts {
		if got := []string{d.has(h, "web"), d.has(h, "worker"), d.has(h, "db"), d.has(h, "queue")}; !slices.Equal(got, []string{"API@1", "KEY@1", "KEY@1", ""}) {
			t.Errorf("%s: %q", h, got)
		}
		if got := d.secretFile(t, h, "worker"); got != "first value of KEY" {
			t.Errorf("%s: %q", h, got)
		}
	}
	if record := d.file("web-1", "releases/1-aaa.json"); strings.Contains(record, "first value") || !strings.Contains(record, `"version":"1"`) {
		t.Error("the record has no versions, or values")
	}
	for _, a := range ended.Attempts {
		switch in := a.In.(type) {
		case activities.StartInput:
			holdSecrets(t, a.String(), in.Service, in.Secrets)
		case activities.ReleaseCommandInput:
			holdSecrets(t, a.String(), in.Service, in.Secrets)
		case activities.BuildInput:
			if in.Service == "web" && in.Build.Secrets[0].Sealed == "" {
				t.Errorf("%s has no secret for its build", a)
			}
		}
	}
	// The same once more is nothing new.
	want(t, d.deploy(t, d.SecretShop("aaa", hosts...)), app.Unchanged)
}

// holdSecrets fails unless a step has the sealed values that its service's containers need, and no other.
func holdSecrets(t *testing.T, step string, s app.Service, secrets []app.Secret) {
	t.Helper()
	if len(secrets) != len(s.Container.Secrets) {
		t.Errorf("%s of %s has the secrets %v", step, s.Name, secrets)
	}
	for i, secret := range secrets {
		if secret.Sealed == "" || secret.Name != s.Container.Secrets[i].Name || secret.Version != s.Container.Secrets[i].Version {
			t.Errorf("%s of %s: %+v", step, s.Name, secret)
		}
	}
}

func TestDeployOfANewVersion(t *testing.T) {
	d := secretWorld(t, "web-1")
	want(t, d.deploy(t, d.SecretShop("aaa", "web-1")), app.Succeeded)
	d.Secret("API", "second value of API")
	plan := d.plan(t, d.SecretShop("aaa", "web-1"))
	want(t, plan, app.Succeeded)
	var reasons []string
	for _, c := range plan.Result.Plan.Hosts[0].Changes {
		reasons = append(reasons, c.Service+" "+string(c.Action)+" "+c.Reason)
	}
	if !slices.Equal(reasons, []string{"db keep ", "queue keep ", "web replace secret API changes", "worker keep "}) {
		t.Errorf("%q", reasons)
	}
	want(t, d.deploy(t, d.SecretShop("aaa", "web-1")), app.Succeeded)
	if got := d.has("web-1", "web"); got != "API@2" {
		t.Errorf("the web has %q", got)
	}
}

func TestMissingSecretFailsBeforeAnythingIsLookedAt(t *testing.T) {
	d := secretWorld(t, "web-1")
	spec := d.SecretShop("aaa", "web-1")
	spec.Secrets = append(spec.Secrets, app.Secret{Name: "ZZZ"})
	spec = memory.Change(spec, "queue", func(s *app.Service) { s.Container.Secrets = []app.ServiceSecret{{Name: "ZZZ", Env: "ZZZ"}} })
	for name, ended := range map[string]memory.Ended{"deploy": d.deploy(t, spec), "plan": d.plan(t, spec)} {
		want(t, ended, app.FailedClean)
		f := ended.Result.Failure
		if f.Kind != app.KindSecret || f.Step != "secrets" || !strings.Contains(f.Message, "ZZZ") || !strings.Contains(f.Message, "queue") {
			t.Errorf("%s: %+v", name, f)
		}
		if len(ended.Attempts) != 1 {
			t.Errorf("%s: %v", name, ended.Attempts)
		}
	}
}

// Whatever becomes current while a run is under way, the run stays with what it has found.
func TestSecretsStayForTheRun(t *testing.T) {
	d := secretWorld(t, "web-1")
	ended := d.run(t, d.SecretShop("aaa", "web-1"), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		out, err := a.Work()
		if a.Step == activities.ResolveSecrets.Name {
			d.Secret("API", "second value of API")
		}
		return out, err
	}})
	want(t, ended, app.Succeeded)
	if got := d.has("web-1", "web"); got != "API@1" {
		t.Errorf("the web has %q", got)
	}
}

func TestRollbackUsesThePinnedVersions(t *testing.T) {
	d := secretWorld(t, "web-1")
	want(t, d.deploy(t, d.SecretShop("aaa", "web-1")), app.Succeeded)
	d.Secret("API", "second value of API")
	d.Secret("KEY", "second value of KEY")
	want(t, d.deploy(t, d.SecretShop("bbb", "web-1")), app.Succeeded)
	if got := d.secretFile(t, "web-1", "db"); got != "second value of KEY" {
		t.Errorf("the database has %q", got)
	}
	ended := d.rollback(t, "", "web-1")
	want(t, ended, app.Succeeded)
	if d.has("web-1", "web") != "API@1" || d.has("web-1", "worker") != "KEY@1" || len(ended.Result.Notes) != 0 {
		t.Errorf("%q, %q, %q", d.has("web-1", "web"), d.has("web-1", "worker"), ended.Result.Notes)
	}
	if got := d.secretFile(t, "web-1", "db"); got != "first value of KEY" {
		t.Errorf("the database, which stays, has %q", got)
	}
}

func TestRollbackReplacesRevokedVersions(t *testing.T) {
	d := secretWorld(t, "web-1")
	want(t, d.deploy(t, d.SecretShop("aaa", "web-1")), app.Succeeded)
	first := app.Secret{Name: "API", Version: "1"}
	d.Secret("API", "second value of API")
	want(t, d.deploy(t, d.SecretShop("bbb", "web-1")), app.Succeeded)
	d.Revoke(first)
	ended := d.rollback(t, "", "web-1")
	want(t, ended, app.Succeeded)
	if d.has("web-1", "web") != "API@2" {
		t.Errorf("the web has %q", d.has("web-1", "web"))
	}
	if n := ended.Result.Notes; len(n) != 1 || n[0] != "version 1 of API is revoked: the current one, 2, is used" {
		t.Errorf("%q", n)
	}
	if record := d.file("web-1", "releases/3-aaa.json"); strings.Contains(record, `"name":"API","source":{},"version":"1"`) {
		t.Error("the record pins what was revoked")
	}
	// A repair of what runs is nothing.
	want(t, d.play(t, workflows.Repair, recordedOn("web-1"), &memory.Run{}), app.Unchanged)
}

func TestRecordedRunsAskTheScopesOfToday(t *testing.T) {
	d := secretWorld(t, "web-1")
	spec := d.SecretShop("aaa", "web-1")
	spec.SecretScopes = []app.SecretScope{{Kind: app.ScopeProject, Folder: "/old"}}
	want(t, d.deploy(t, spec), app.Succeeded)
	for _, c := range []struct {
		asked []app.SecretScope
		want  string
	}{{nil, "/old"}, {[]app.SecretScope{{Kind: app.ScopeProject, Folder: "/new"}}, "/new"}} {
		in := recordedOn("web-1")
		in.SecretScopes = c.asked
		ended := d.play(t, workflows.Restart, in, &memory.Run{})
		want(t, ended, app.Succeeded)
		for _, a := range ended.Attempts {
			if in, ok := a.In.(activities.SecretsInput); ok && in.Scopes[0].Folder != c.want {
				t.Errorf("%s was asked, not %s", in.Scopes[0].Folder, c.want)
			}
		}
		if ended.Count(activities.RepinSecrets.Name) != 1 || !strings.Contains(d.file("web-1", "releases/"+ended.Result.Release+".json"), c.want) {
			t.Errorf("%s was not checked or recorded", c.want)
		}
	}
}

func TestRecordedRunWhoseSecretsCannotBeOpened(t *testing.T) {
	d := secretWorld(t, "web-1")
	want(t, d.deploy(t, d.SecretShop("aaa", "web-1")), app.Succeeded)
	before := d.states("web-1")
	ended := d.play(t, workflows.Restart, recordedOn("web-1"), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.RepinSecrets.Name {
			return nil, activities.Fail(app.Failure{Kind: app.KindSecret, Message: "wrong key"}, nil)
		}
		return a.Work()
	}})
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindSecret || f.Step != "secrets" {
		t.Errorf("%+v", f)
	}
	same(t, before, d.states("web-1"))
}
