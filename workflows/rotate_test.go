package workflows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// rotateTo asks for a rotation on hosts.
func rotateTo(secrets []app.Secret, hosts ...string) workflows.RecordedInput {
	in := recordedOn(hosts...)
	in.Secrets = secrets
	return in
}

func (d *deploys) rotate(t *testing.T, hosts []string, secrets ...app.Secret) memory.Ended {
	t.Helper()
	return d.play(t, workflows.Rotate, rotateTo(secrets, hosts...), &memory.Run{})
}

func TestRotate(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := secretWorld(t, hosts...)
	want(t, d.deploy(t, d.SecretShop("aaa", hosts...)), app.Succeeded)
	db := d.Machine("web-1").Containers()["shop-production-db-1-aaa-1"]
	second := []app.Secret{d.Secret("API", "second value of API"), d.Secret("KEY", "second value of KEY")}
	ended := d.rotate(t, hosts, second...)
	want(t, ended, app.Succeeded)
	if r := ended.Result; r.Release != "2-aaa" || r.Of != "1-aaa" || r.Kind != app.RunRotate {
		t.Errorf("%+v", r)
	}
	for _, step := range []activities.Step[activities.SecretsInput, activities.SecretsResult]{activities.ResolveSecrets, activities.RepinSecrets} {
		if ended.Count(step.Name) != 0 {
			t.Errorf("%s: a rotation says which versions it brings", step.Name)
		}
	}
	for _, h := range hosts {
		if got := []string{d.has(h, "web"), d.has(h, "worker")}; !slices.Equal(got, []string{"API@2", "KEY@2"}) {
			t.Errorf("%s: %q", h, got)
		}
		if got := d.secretFile(t, h, "db"); got != "second value of KEY" {
			t.Errorf("the database of %s has %q", h, got)
		}
		if record := d.file(h, "releases/2-aaa.json"); !strings.Contains(record, `"kind":"rotate"`) || !strings.Contains(record, `"of":"1-aaa"`) {
			t.Errorf("%s records %s", h, record)
		}
	}
	if got := d.Machine("web-1").Containers()["shop-production-db-1-aaa-1"]; got.ID != db.ID || !got.Running() {
		t.Error("the database did not stay")
	}
	before := d.states(hosts...)
	want(t, d.rotate(t, hosts, second...), app.Unchanged)
	same(t, before, d.states(hosts...))
	// Back to what was before, as a rotation does that fails.
	want(t, d.rotate(t, hosts, d.Version("API", 1), d.Version("KEY", 1)), app.Succeeded)
	if d.has("web-1", "web") != "API@1" || d.secretFile(t, "web-1", "db") != "first value of KEY" {
		t.Errorf("%q, %q", d.has("web-1", "web"), d.secretFile(t, "web-1", "db"))
	}
}

// A secret that only a build has is in no container: there is nothing to do but to record it.
func TestRotateWhatNoContainerHas(t *testing.T) {
	d := secretWorld(t, "web-1")
	want(t, d.deploy(t, d.SecretShop("aaa", "web-1")), app.Succeeded)
	running := d.Running("web-1")
	ended := d.rotate(t, []string{"web-1"}, d.Secret("NPM", "second value of NPM"))
	want(t, ended, app.Succeeded)
	if got := d.Running("web-1"); !slices.Equal(got, running) || d.current("web-1") != "2-aaa" {
		t.Errorf("%v, %q", got, d.current("web-1"))
	}
	want(t, d.rotate(t, []string{"web-1"}, d.Version("NPM", 2)), app.Unchanged)
}

func TestRotateIsRefused(t *testing.T) {
	d := secretWorld(t, "web-1")
	want(t, d.deploy(t, d.SecretShop("aaa", "web-1")), app.Succeeded)
	api := d.Secret("API", "second value of API")
	ofSite, ofSOPS, bare := api, api, api
	ofSite.Scope = app.ScopeSite
	ofSOPS.Source.From, ofSOPS.Scope = app.FromSOPS, ""
	bare.Sealed = ""
	before := d.states("web-1")
	for text, secrets := range map[string][]app.Secret{
		"no secret is named": nil,
		`1-aaa has no secret "OTHER" It has API, KEY, NPM.`:      {{Name: "OTHER", Version: "1", Sealed: "x", Scope: app.ScopeProject}},
		"1-aaa has API from the project, not from the site":      {ofSite},
		"1-aaa has API from the project, not from the source so": {ofSOPS},
		"no version of API is given":                             {bare},
	} {
		refusedAs(t, d.rotate(t, []string{"web-1"}, secrets...), app.KindSpec, text)
	}
	same(t, before, d.states("web-1"))
	plain := world("web-1")
	plain.history(t, []string{"web-1"}, "aaa")
	refusedAs(t, plain.rotate(t, []string{"web-1"}, api), app.KindSpec, "1-aaa has no secrets")
}

func TestRotateThatFailsLeavesAllAsItWas(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := secretWorld(t, hosts...)
	want(t, d.deploy(t, d.SecretShop("aaa", hosts...)), app.Succeeded)
	before := d.states(hosts...)
	second := []app.Secret{d.Secret("API", "second value of API"), d.Secret("KEY", "second value of KEY")}
	d.unhealthy("web-2")
	ended := d.rotate(t, hosts, second...)
	want(t, ended, app.FailedClean)
	if ended.Count(activities.RefreshSecrets.Name) != 2 || ended.Count(activities.RestoreSecrets.Name) != 2 {
		t.Errorf("%v", ended.Attempts)
	}
	same(t, before, d.states(hosts...))
}

// A stopped site stays so, and has the new versions when it starts.
func TestRotateAStoppedSite(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := secretWorld(t, hosts...)
	want(t, d.deploy(t, watched(d.SecretShop("aaa", hosts...), "")), app.Succeeded)
	want(t, d.play(t, workflows.Stop, stopOn(hosts...), &memory.Run{}), app.Succeeded)
	second := []app.Secret{d.Secret("API", "second value of API"), d.Secret("KEY", "second value of KEY")}
	ended := d.rotate(t, hosts, second...)
	want(t, ended, app.Succeeded)
	if n := ended.Result.Notes; len(n) != 1 || !strings.Contains(n[0], "is stopped, and stays so") {
		t.Errorf("%q", n)
	}
	for _, step := range []string{activities.Prepare.Name, activities.Start.Name, activities.Switch.Name, activities.Watch.Name} {
		if n := ended.Count(step); n != 0 {
			t.Errorf("%d × %s of a site that is stopped", n, step)
		}
	}
	for _, h := range hosts {
		if got := d.Running(h); len(got) != 0 || d.live(h) != "" || d.current(h) != "2-aaa" || d.file(h, "stopped") == "" {
			t.Errorf("%s runs %v, serves %q, records %q, stopped: %q", h, got, d.live(h), d.current(h), d.file(h, "stopped"))
		}
	}
	before := d.states(hosts...)
	want(t, d.rotate(t, hosts, second...), app.Unchanged)
	same(t, before, d.states(hosts...))
	want(t, d.play(t, workflows.Start, recordedOn(hosts...), &memory.Run{}), app.Succeeded)
	for _, h := range hosts {
		if got := []string{d.has(h, "web"), d.has(h, "worker"), d.secretFile(t, h, "db")}; !slices.Equal(got, []string{"API@2", "KEY@2", "second value of KEY"}) {
			t.Errorf("%s: %q", h, got)
		}
		d.tidy(t, h)
	}
}

func TestRotateASiteThatIsStoppedInPart(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := secretWorld(t, hosts...)
	want(t, d.deploy(t, d.SecretShop("aaa", hosts...)), app.Succeeded)
	if err := d.Machine("web-2").Host().Files().Write(t.Context(), "sites/default/shop/production/stopped", []byte("stopped\n"), 0); err != nil {
		t.Fatal(err)
	}
	refusedAs(t, d.rotate(t, hosts, d.Secret("API", "second value of API")), app.KindSpec, "is stopped on web-2, but not on web-1")
}

// A rotation that is reset, to whichever of its steps, ends as it had ended.
func TestResetOfARotationAtEveryStep(t *testing.T) {
	hosts := []string{"web-1"}
	for _, stopped := range []bool{false, true} {
		begin := func(t *testing.T) (*deploys, *told, workflows.RecordedInput) {
			d := secretWorld(t, hosts...)
			want(t, d.deploy(t, d.SecretShop("aaa", hosts...)), app.Succeeded)
			if stopped {
				want(t, d.play(t, workflows.Stop, stopOn(hosts...), &memory.Run{}), app.Succeeded)
			}
			in := rotateTo([]app.Secret{d.Secret("API", "second value of API"), d.Secret("KEY", "second value of KEY")}, hosts...)
			history, around := listenTo((*memory.Attempt).Work)
			want(t, d.play(t, workflows.Rotate, in, &memory.Run{Around: around}), app.Succeeded)
			return d, history, in
		}
		_, history, _ := begin(t)
		for n := range history.spots {
			t.Run(fmt.Sprintf("stopped=%v %d %s", stopped, n, history.spots[n]), func(t *testing.T) {
				t.Parallel()
				d, history, in := begin(t)
				before := d.found(t, "web-1")
				again := d.play(t, workflows.Rotate, in, &memory.Run{ResetOf: fmt.Sprintf("run-%d", d.runs), Around: history.until(n)})
				if o := again.Result.Outcome; o != app.Succeeded && o != app.Unchanged {
					t.Errorf("%q: %+v", o, again.Result.Failure)
				}
				if after := d.found(t, "web-1"); after != before {
					t.Errorf("%s, not %s", after, before)
				}
				if !stopped {
					d.tidy(t, "web-1")
				}
			})
		}
	}
}

// found is what a host was left with: which versions run, and whether the site is stopped. What is not there is empty.
func (d *deploys) found(t *testing.T, host string) string {
	t.Helper()
	return fmt.Sprintf("web %s, worker %s, db %q, stopped %q", d.has(host, "web"), d.has(host, "worker"), d.secretFile(t, host, "db"), d.file(host, "stopped"))
}
