//go:build e2e

package transfer

import (
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
	"github.com/longshore-dev/longshore/testsuite/registry"
)

// A host pulls what was resolved, though the tag has moved, once; whichever store its engine has.
func TestPullByDigest(t *testing.T) {
	t.Setenv("REGISTRY_PASSWORD", "correct-horse")
	for _, c := range []struct {
		name    string
		release hosts.Release
		setUp   string
	}{
		{"20.10", hosts.Bookworm, "true"}, {"26.1", hosts.Trixie, "true"}, {"containerd", hosts.Trixie, useContainerd},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t, hosts.OnRelease(c.release), hosts.SmallDisk("/var/lib/containerd", 1<<30))
			_, err := p.host.Exec(p.ctx, "sh", "-c", c.setUp)
			must(t, err)
			must(t, p.host.WaitDocker(p.ctx))
			r := registry.Start(t)
			r.Require("ci", "correct-horse")
			r.ReachableFrom(t, p.host)
			image := activities.RegistryImage{Service: "db", Ref: r.Address + "/shop/db:1", Registries: []app.Registry{
				{Name: r.Address, Username: "ci", PasswordEnv: "REGISTRY_PASSWORD"},
			}}
			target, worker := activities.Target{Host: p.appHost()}, p.worker()
			content := map[string][]byte{"db": []byte("one")}
			wanted := r.Push(t, "shop/db", "1", content, "/db")
			digest, err := worker.Resolve(p.ctx, activities.ResolveInput{Target: target, RegistryImage: image})
			if err != nil || digest != wanted {
				t.Fatalf("resolved to %s, %v, not to %s", digest, err, wanted)
			}
			content["db"] = []byte("two")
			moved := r.Push(t, "shop/db", "1", content, "/db")
			in := activities.PullInput{Target: target, RegistryImage: image, Digest: digest}
			first, err := worker.Pull(p.ctx, in)
			must(t, err)
			asked := r.Asked(wanted)
			again, err := worker.Pull(p.ctx, in)
			must(t, err)
			if again.ID != first.ID || r.Asked(wanted) != asked || asked == 0 {
				t.Errorf("%s after %s, and %d questions more", again.ID, first.ID, r.Asked(wanted)-asked)
			}
			byDigest := r.Address + "/shop/db@" + wanted
			for _, ref := range []string{byDigest, image.Ref, first.ID} {
				held, err := p.remote.Engine().ImageInspect(p.ctx, ref)
				if err != nil || held.ID != first.ID || held.RepoDigest != byDigest || first.RepoDigest != byDigest {
					t.Errorf("%s is %+v, %v; pulled was %+v", ref, held, err, first)
				}
			}
			in.Digest = moved
			other, err := worker.Pull(p.ctx, in)
			if err != nil || other.ID == first.ID {
				t.Errorf("where the tag has moved to: %+v, %v", other, err)
			}
			// The one before may still run: it has lost its name, and nothing else.
			if _, err := p.remote.Engine().ImageInspect(p.ctx, first.ID); err != nil {
				t.Error(err)
			}
			image.Registries[0].Username = "somebody"
			if _, err := worker.Resolve(p.ctx, activities.ResolveInput{Target: target, RegistryImage: image}); activities.FailureOf(err).Kind != app.KindRegistry {
				t.Errorf("another user: %v", err)
			}
		})
	}
}
