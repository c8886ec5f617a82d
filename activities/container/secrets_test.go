package container_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/container"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	"github.com/longshore-dev/longshore/internal/secret"
)

const (
	secretRelease = "3-abc"
	secretImage   = "web:1"
)

// learned is a masker that remembers what it was told.
type learned []string

func (l *learned) Learn(value secret.String) { *l = append(*l, value.Reveal()) }

// vault is a host in memory that the test's run owns the site on, and a key ring.
type vault struct {
	*memory.Machine
	activities container.Activities
	releases   release.Activities
	opener     unseal.Opener
	learned    *learned
	target     activities.Target
}

func newVault(t *testing.T) *vault {
	t.Helper()
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	m := memory.New("web-1")
	m.AddImage(secretImage, memory.ImageSpec{})
	m.BehaveRole(app.RoleReleaseCommand, memory.Behaviour{Exits: true})
	v := &vault{Machine: m, learned: &learned{}}
	v.opener = unseal.Opener{Sealer: sealed.Sealer{Ring: ring}, Masker: v.learned}
	v.activities = container.Activities{Hosts: memory.Opener(m), Secrets: v.opener}
	v.releases = release.Activities{Hosts: memory.Opener(m)}
	taken, err := fence.Take(t.Context(), m.Host(), site, "default-test-run-id", 0)
	if err != nil {
		t.Fatal(err)
	}
	v.target = activities.Target{Host: app.Host{Name: "web-1"}, Site: site, Fence: taken}
	return v
}

// secret is a version of a secret as a run has it.
func (v *vault) secret(t *testing.T, name, version, value string) app.Secret {
	t.Helper()
	text, err := v.opener.Sealer.Seal(name, secret.New(value))
	if err != nil {
		t.Fatal(err)
	}
	return app.Secret{Name: name, Version: version, Sealed: text}
}

// service has a secret in each of the ways that there are.
func service() app.Service {
	return app.Service{Name: "web", Container: app.Container{
		Env: []string{"A=1", "TOKEN=from the image", "Z=1"},
		Secrets: []app.ServiceSecret{
			{Name: "CERT", Target: "/etc/ssl/cert.pem", UID: 33},
			{Name: "DB", Target: "/run/secrets/db", UID: 1000, GID: 1001, Mode: 0o440},
			{Name: "DB", Target: "/run/secrets/nested/deeper/db"},
			{Name: "TOKEN", Env: "TOKEN"},
		},
	}}
}

func (v *vault) secrets(t *testing.T, version string) []app.Secret {
	return []app.Secret{
		v.secret(t, "CERT", version, "cert "+version), v.secret(t, "DB", version, "db "+version), v.secret(t, "TOKEN", version, "token "+version),
	}
}

func (v *vault) startInput(t *testing.T) activities.StartInput {
	return activities.StartInput{
		Target: v.target, Release: secretRelease, Service: service(), Config: "c", ImageID: secretImage, Secrets: v.secrets(t, "1"),
		Containers: []app.ContainerPlan{{Name: "web-1", Replica: 1}, {Name: "web-2", Replica: 2}},
	}
}

// run runs an activity as the engine does.
func run[In, Out any](t *testing.T, f func(context.Context, In) (Out, error), in In) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(f)
	_, err := env.ExecuteActivity(f, in)
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// files are those of the site's secrets on the host, by path, with owner, mode and content.
func (v *vault) files(t *testing.T) map[string]memory.StateFile {
	t.Helper()
	out := map[string]memory.StateFile{}
	root := fence.SiteDir(site) + "/secrets"
	var walk func(dir string)
	walk = func(dir string) {
		names, err := v.Host().Files().List(t.Context(), dir)
		must(t, err)
		for _, name := range names {
			if f, ok := v.StateFile(dir + "/" + name); ok {
				out[strings.TrimPrefix(dir+"/"+name, root+"/")] = f
			} else {
				walk(dir + "/" + name)
			}
		}
	}
	walk(root)
	return out
}

// folder is the part of files below the service's folder, as contents.
func (v *vault) folder(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, f := range v.files(t) {
		out[strings.TrimPrefix(name, secretRelease+"/web/")] = string(f.Data)
	}
	return out
}

func TestStartBringsSecrets(t *testing.T) {
	v := newVault(t)
	in := v.startInput(t)
	for range 2 { // a worker that is lost after its work has another do it again
		must(t, run(t, v.activities.Start, in))
	}
	root := v.Host().Files().Root() + "/" + fence.SiteDir(site) + "/secrets/" + secretRelease + "/web/"
	var single string
	for _, name := range []string{"web-1", "web-2"} {
		c, ok := v.Created(name)
		if !ok {
			t.Fatalf("%s is not there", name)
		}
		if want := []string{"A=1", "TOKEN=token 1", "Z=1"}; !slices.Equal(c.Env, want) {
			t.Errorf("environment %q", c.Env)
		}
		if got := c.Labels[app.LabelSecrets]; got != "CERT@1,DB@1,TOKEN@1" {
			t.Errorf("label %q", got)
		}
		for key, value := range c.Labels {
			if strings.Contains(value, "token") {
				t.Errorf("the label %s is %q", key, value)
			}
		}
		if len(c.Mounts) != 2 || !c.Mounts[0].ReadOnly || c.Mounts[0].Target != "/etc/ssl/cert.pem" {
			t.Fatalf("mounts %+v", c.Mounts)
		}
		single = strings.TrimPrefix(c.Mounts[0].Source, root)
		if want := (app.Mount{Type: "bind", Source: root + "mounted", Target: app.SecretsFolder, ReadOnly: true}); c.Mounts[1] != want {
			t.Errorf("mount %+v", c.Mounts[1])
		}
	}
	type file struct {
		text, owner string
		mode        uint32
	}
	got := map[string]file{}
	for name, f := range v.files(t) {
		got[strings.TrimPrefix(name, secretRelease+"/web/")] = file{string(f.Data), f.Owner, f.Mode}
	}
	want := map[string]file{
		"mounted/db":               {"db 1", "1000:1001", 0o440},
		"mounted/nested/deeper/db": {"db 1", "0:0", 0o444},
		single:                     {"cert 1", "33:0", 0o444},
	}
	if len(got) != len(want) {
		t.Errorf("files %v", got)
	}
	for name, f := range want {
		if got[name] != f {
			t.Errorf("%s is %v, not %v", name, got[name], f)
		}
	}
	if !slices.Contains(*v.learned, "db 1") || !slices.Contains(*v.learned, "token 1") {
		t.Errorf("only %q are masked", *v.learned)
	}
}

func TestStartWithoutAValue(t *testing.T) {
	v := newVault(t)
	for name, spoil := range map[string]func(*activities.StartInput){
		"not resolved":    func(in *activities.StartInput) { in.Secrets[1].Sealed = "" },
		"of another name": func(in *activities.StartInput) { in.Secrets[1].Sealed = in.Secrets[0].Sealed },
		"not there":       func(in *activities.StartInput) { in.Secrets = in.Secrets[:1] },
		"of another ring": func(in *activities.StartInput) { in.Secrets[1] = newVault(t).secret(t, "DB", "1", "db 1") },
		"with a zero byte, as a variable": func(in *activities.StartInput) {
			in.Secrets[2] = v.secret(t, "TOKEN", "1", "token\x00 1")
		},
	} {
		in := v.startInput(t)
		spoil(&in)
		err := run(t, v.activities.Start, in)
		f := activities.FailureOf(err)
		if err == nil || f.Kind != app.KindSecret || f.Advice == "" || strings.Contains(err.Error(), "db 1") || strings.Contains(err.Error(), "token\x00") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(v.Containers()) != 0 || len(v.files(t)) != 0 {
		t.Errorf("left: %v, %v", v.Containers(), v.files(t))
	}
}

// What watches containers masks what they log from the start, and does not begin where it cannot.
func TestWatchersLearnFirst(t *testing.T) {
	v := newVault(t)
	must(t, run(t, v.activities.Start, v.startInput(t)))
	health := app.Health{Within: 1, StableFor: 1, Interval: 1}
	in := activities.HealthInput{Target: v.target, Service: "web", Health: health, Containers: []string{"web-1"}, Secrets: v.secrets(t, "1")}
	watch := activities.WatchInput{Target: v.target, Release: secretRelease, For: 1, Services: []activities.WatchedService{
		{Service: "web", Health: health, Containers: in.Containers, Secrets: in.Secrets},
	}}
	broken, brokenWatch := in, watch
	broken.Secrets = []app.Secret{{Name: "DB", Sealed: "x.y"}}
	brokenWatch.Services = []activities.WatchedService{watch.Services[0]}
	brokenWatch.Services[0].Secrets = broken.Secrets
	for name, f := range map[string]func(bool) error{
		"AwaitHealthy": func(bad bool) error { return run(t, v.activities.AwaitHealthy, pick(bad, broken, in)) },
		"AwaitStable":  func(bad bool) error { return run(t, v.activities.AwaitStable, pick(bad, broken, in)) },
		"Watch":        func(bad bool) error { return run(t, v.activities.Watch, pick(bad, brokenWatch, watch)) },
	} {
		*v.learned = nil
		if err := f(false); err != nil || len(*v.learned) != 3 {
			t.Errorf("%s: %v, and %d values are masked", name, err, len(*v.learned))
		}
		if err := f(true); err == nil || activities.FailureOf(err).Kind != app.KindSecret {
			t.Errorf("%s with a value that does not open: %v", name, err)
		}
	}
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

func TestTheReleaseCommandHasTheSecrets(t *testing.T) {
	v := newVault(t)
	in := activities.ReleaseCommandInput{StartInput: v.startInput(t), Command: app.ReleaseCommand{Service: "web", Name: "web-release", Command: []string{"migrate"}}}
	in.Containers = nil
	for range 2 {
		must(t, run(t, v.activities.RunReleaseCommand, in))
	}
	c, _ := v.Created("web-release")
	if len(c.Mounts) != 2 || !slices.Contains(c.Env, "TOKEN=token 1") || c.Labels[app.LabelSecrets] == "" {
		t.Errorf("%+v", c)
	}
	// Its folder is the service's, and stays as long as either needs it.
	must(t, run(t, v.activities.Start, v.startInput(t)))
	remove := activities.ContainersInput{Target: v.target, Service: "web", Names: []string{"web-1", "web-2"}}
	must(t, run(t, v.activities.Remove, remove))
	if len(v.files(t)) == 0 {
		t.Error("the folder is gone while the release command's container is there")
	}
	remove.Names = []string{"web-release"}
	must(t, run(t, v.activities.Remove, remove))
	if left := v.files(t); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestSecretsGoWithTheLastContainer(t *testing.T) {
	v := newVault(t)
	in := v.startInput(t)
	must(t, run(t, v.activities.Start, in))
	other := in
	other.Service.Name, other.Containers = "worker", []app.ContainerPlan{{Name: "worker-1"}}
	must(t, run(t, v.activities.Start, other))
	remove := activities.ContainersInput{Target: v.target, Names: []string{"web-1"}}
	must(t, run(t, v.activities.Remove, remove))
	if len(v.files(t)) != 6 {
		t.Errorf("one of two replicas is removed, and left are %v", v.files(t))
	}
	remove.Names = []string{"web-2", "none"}
	must(t, run(t, v.activities.Remove, remove))
	for name := range v.files(t) {
		if !strings.HasPrefix(name, secretRelease+"/worker/") {
			t.Errorf("left: %s", name)
		}
	}
	must(t, run(t, v.activities.Erase, activities.EraseInput{Target: v.target}))
	if left := v.files(t); len(left) != 0 {
		t.Errorf("the site is erased, and left are %v", left)
	}
}

// TestNothingIsLeftOfABrokenStart breaks the connection at each call of a Start, and wants neither a half-written file in a
// running container nor anything that the next run does not sweep.
func TestNothingIsLeftOfABrokenStart(t *testing.T) {
	for at := int64(1); ; at++ {
		v := newVault(t)
		var calls atomic.Int64 // of containers that start at once
		v.Before(func(_ context.Context, op memory.Op) error {
			if calls.Add(1) == at {
				return host.ErrUnreachable
			}
			return nil
		})
		err := run(t, v.activities.Start, v.startInput(t))
		v.Before(nil)
		if err == nil {
			if at < 10 {
				t.Fatalf("only %d calls were broken", at)
			}
			return
		}
		for name, c := range v.Containers() {
			if _, ok := v.folder(t)["mounted/db"]; c.Running() && !ok {
				t.Errorf("call %d: %s runs without its files", at, name)
			}
		}
		must(t, run(t, v.releases.Clean, activities.CleanInput{Target: v.target, Release: secretRelease}))
		if left := v.files(t); len(left) != 0 {
			t.Errorf("call %d: left are %v", at, left)
		}
	}
}
