package transfer_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

var target = activities.Target{Host: app.Host{Name: "web-1"}}

// image names one for the service db, with a registry whose password is in REGISTRY_PASSWORD.
func image(ref string) activities.RegistryImage {
	return activities.RegistryImage{Service: "db", Ref: ref, Registries: []app.Registry{
		{Name: "registry.example.com", Username: "ci", PasswordEnv: "REGISTRY_PASSWORD"},
	}}
}

// noDockerConfig keeps the tests from this machine's own logins.
func noDockerConfig(t *testing.T) {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("DOCKER_AUTH_CONFIG", "")
}

func (p place) ops(name string) int {
	n := 0
	for _, op := range p.host.Ops() {
		if op.Name == name {
			n++
		}
	}
	return n
}

func TestPullPolicies(t *testing.T) {
	noDockerConfig(t)
	for _, c := range []struct {
		policy  string
		present bool
		pulls   int
		kind    string
	}{
		{"", false, 1, ""},
		{"", true, 0, ""},
		{"missing", true, 0, ""},
		{"always", true, 1, ""},
		{"never", true, 0, ""},
		{"never", false, 0, app.KindMissing},
	} {
		p := newPlace()
		published := p.host.Publish("postgres:1", memory.ImageSpec{Layers: []string{"new"}})
		if c.present {
			p.host.AddImage("postgres:1", memory.ImageSpec{Layers: []string{"old"}})
		}
		image, err := p.activities.Pull(t.Context(), activities.PullInput{Target: target, RegistryImage: image("postgres:1"), Policy: c.policy})
		pulls := p.ops("ImagePull")
		if kindOf(err) != c.kind || pulls != c.pulls || (c.pulls == 1 && image.ID != published.ID) {
			t.Errorf("policy %q, there %v: %+v, %v after %d pulls", c.policy, c.present, image, err, pulls)
		}
	}
}

// TestPullByDigest takes the content that the run has agreed on, whatever the tag stands for on the host or by now.
func TestPullByDigest(t *testing.T) {
	noDockerConfig(t)
	for _, c := range []struct{ name, ref, policy, named string }{
		{"tag", "registry.example.com/db:1", "", "registry.example.com/db:1"},
		{"no tag", "registry.example.com/db", "missing", "registry.example.com/db:latest"},
		{"always", "registry.example.com/db:1", "always", "registry.example.com/db:1"},
		{"short name", "db:1", "", "db:1"},
		{"long name", "docker.io/library/db:1", "", "db:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("REGISTRY_PASSWORD", "x")
			p := newPlace()
			agreed := p.host.Publish(c.ref, memory.ImageSpec{Layers: []string{"agreed"}})
			p.host.Publish(c.ref, memory.ImageSpec{Layers: []string{"moved"}})
			p.host.AddImage(c.ref, memory.ImageSpec{Layers: []string{"old"}})
			_, digest, _ := strings.Cut(agreed.RepoDigest, "@")
			in := activities.PullInput{Target: target, RegistryImage: image(c.ref), Digest: digest, Policy: c.policy}
			for attempt, pulls := range []int{1, 1} {
				got, err := p.activities.Pull(t.Context(), in)
				if err != nil || got.ID != agreed.ID || got.RepoDigest != agreed.RepoDigest || got.Ref != c.ref {
					t.Fatalf("attempt %d: %+v, %v, want %s", attempt, got, err, agreed.RepoDigest)
				}
				if p.ops("ImagePull") != pulls {
					t.Errorf("attempt %d: %d pulls", attempt, p.ops("ImagePull"))
				}
			}
			named, err := p.host.Host().Engine().ImageInspect(t.Context(), c.named)
			if err != nil || named.ID != agreed.ID {
				t.Errorf("%s is %+v, %v", c.named, named, err)
			}
		})
	}
}

func TestPullByAWrongDigest(t *testing.T) {
	noDockerConfig(t)
	p := newPlace()
	for ref, digest := range map[string]string{"db:1": "sha256:none", "Not/A:Ref": "sha256:" + strings.Repeat("1", 64)} {
		if _, err := p.activities.Pull(t.Context(), activities.PullInput{Target: target, RegistryImage: image(ref), Digest: digest}); kindOf(err) != app.KindSpec {
			t.Errorf("%s@%s: %v", ref, digest, err)
		}
	}
}

func TestResolve(t *testing.T) {
	noDockerConfig(t)
	p := newPlace()
	published := p.host.Publish("postgres:1", memory.ImageSpec{})
	digest, err := p.activities.Resolve(t.Context(), activities.ResolveInput{Target: target, RegistryImage: image("postgres:1")})
	if err != nil || "postgres@"+digest != published.RepoDigest || p.ops("ImagePull") != 0 {
		t.Errorf("%s, %v, want %s", digest, err, published.RepoDigest)
	}
	if _, err := p.activities.Resolve(t.Context(), activities.ResolveInput{Target: target, RegistryImage: image("postgres:2")}); kindOf(err) != app.KindPull {
		t.Errorf("a tag that is not there: %v", err)
	}
}

// TestLogins tells right credentials from wrong, missing and lost ones, and shows the password to nobody.
func TestLogins(t *testing.T) {
	noDockerConfig(t)
	const ref, password = "registry.example.com/db:1", "correct-horse"
	for _, c := range []struct {
		name     string
		password string // in the environment; empty for none
		entries  bool
		says     []string // of the failure; none where it works
	}{
		{"right", password, true, nil},
		{"wrong", "hunter2hunter2", true, []string{"registry.example.com refuses the login from registries.registry.example.com (the user ci, the password from the variable REGISTRY_PASSWORD)", "may pull"}},
		{"not set", "", true, []string{"the variable REGISTRY_PASSWORD is not set for the worker", "registries.registry.example.com of longshore.yml"}},
		{"none", password, false, []string{"wants a login, and there is none in Docker's configuration", "docker login registry.example.com"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.password != "" {
				t.Setenv("REGISTRY_PASSWORD", c.password)
			}
			p := newPlace()
			p.host.Publish(ref, memory.ImageSpec{})
			p.host.Guard("registry.example.com", "ci", password)
			asked := image(ref)
			if !c.entries {
				asked.Registries = nil
			}
			_, resolved := p.activities.Resolve(t.Context(), activities.ResolveInput{Target: target, RegistryImage: asked})
			_, pulled := p.activities.Pull(t.Context(), activities.PullInput{Target: target, RegistryImage: asked})
			for _, err := range []error{resolved, pulled} {
				if c.says == nil {
					if err != nil {
						t.Error(err)
					}
					continue
				}
				f := activities.FailureOf(err)
				told, _ := json.Marshal(f)
				if f.Kind != app.KindRegistry || f.Service != "db" || f.Host != "web-1" || !app.Permanent(f.Kind) {
					t.Errorf("%s", told)
				}
				for _, says := range c.says {
					if !strings.Contains(string(told), says) {
						t.Errorf("%s does not say %q", told, says)
					}
				}
				if strings.Contains(string(told)+err.Error(), "horse") || strings.Contains(string(told)+err.Error(), "hunter2") {
					t.Errorf("%s tells a password", told)
				}
			}
		})
	}
}

// TestFetch gives the builder an image that can be carried: named by a tag.
func TestFetch(t *testing.T) {
	noDockerConfig(t)
	p := newPlace()
	published := p.builder.Publish("registry.example.com/db:1", memory.ImageSpec{})
	_, digest, _ := strings.Cut(published.RepoDigest, "@")
	t.Setenv("REGISTRY_PASSWORD", "x")
	for ref, name := range map[string]string{
		"registry.example.com/db:1":             "registry.example.com/db:1",
		"registry.example.com/db@" + digest:     "registry.example.com/db:" + strings.Replace(digest, ":", "-", 1),
		"registry.example.com/db:two@" + digest: "registry.example.com/db:two",
	} {
		in := activities.PullInput{Target: activities.Target{Host: app.Host{Name: "builder"}}, RegistryImage: image(ref)}
		got, err := p.activities.Fetch(t.Context(), in)
		if err != nil || got.Ref != name || got.ID != published.ID {
			t.Errorf("%s: %+v, %v", ref, got, err)
			continue
		}
		if result, err := p.transfer(t, got); err != nil || result.Image.ID != published.ID {
			t.Errorf("%s is carried as %+v, %v", ref, result, err)
		}
	}
}

func TestPullFails(t *testing.T) {
	noDockerConfig(t)
	p := newPlace()
	in := activities.PullInput{Target: target, RegistryImage: image("postgres:none")}
	if _, err := p.activities.Pull(t.Context(), in); kindOf(err) != app.KindPull || activities.FailureOf(err).Service != "db" {
		t.Errorf("an image that is nowhere: %v", err)
	}
	p.host.BehaveImage("postgres:none", memory.Behaviour{PullDelay: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := p.activities.Pull(ctx, in); err == nil {
		t.Error("a pull that takes too long succeeds")
	}
	cancelled, stop := context.WithCancel(t.Context())
	stop()
	if _, err := p.activities.Pull(cancelled, in); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled pull: %v", err)
	}
	p.host.Unreachable(true)
	if _, err := p.activities.Pull(t.Context(), in); kindOf(err) != app.KindUnreachable {
		t.Errorf("a pull on a host that is away: %v", err)
	}
}

func TestNameImage(t *testing.T) {
	p := newPlace()
	old := p.host.AddImage("postgres:1", memory.ImageSpec{Layers: []string{"old"}})
	p.host.AddImage("postgres:1", memory.ImageSpec{Layers: []string{"new"}})
	for range 2 {
		if _, err := p.activities.NameImage(t.Context(), activities.NameImageInput{Target: target, Ref: "postgres:1", ID: old.ID}); err != nil {
			t.Error(err)
		}
		if named, err := p.host.Host().Engine().ImageInspect(t.Context(), "postgres:1"); err != nil || named.ID != old.ID {
			t.Errorf("the name is %s's, %v", named.ID, err)
		}
	}
	if n := p.ops("ImageTag"); n != 1 {
		t.Errorf("named %d times", n)
	}
	if _, err := p.activities.NameImage(t.Context(), activities.NameImageInput{Target: target, Ref: "postgres:1", ID: "sha256:gone"}); err != nil {
		t.Errorf("an image that is gone: %v", err)
	}
	p.host.Unreachable(true)
	if _, err := p.activities.NameImage(t.Context(), activities.NameImageInput{Target: target, Ref: "postgres:1", ID: old.ID}); kindOf(err) != app.KindUnreachable {
		t.Errorf("a host that is away: %v", err)
	}
}
