package build

import (
	"context"
	"errors"
	"testing"

	"github.com/moby/buildkit/session/auth"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

func TestLogins(t *testing.T) {
	asked := map[string]int{}
	l := newLogins(func(_ context.Context, registry string) (host.Login, error) {
		asked[registry]++
		switch registry {
		case "docker.io":
			return host.Login{Registry: registry, Username: "ci", Password: secret.New("hunter2")}, nil
		case "token.example.com":
			return host.Login{Registry: registry, Username: "ignored", IdentityToken: secret.New("a-token")}, nil
		case "broken.example.com":
			return host.Login{}, errors.New("the variable NONE is not set")
		}
		return host.Login{Registry: registry}, nil
	})
	for name, want := range map[string]struct{ user, password string }{
		"registry-1.docker.io": {"ci", "hunter2"},
		"token.example.com":    {"", "a-token"},
		"free.example.com":     {},
	} {
		for range 2 {
			got, err := l.Credentials(t.Context(), &auth.CredentialsRequest{Host: name})
			if err != nil || got.GetUsername() != want.user || got.GetSecret() != want.password {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
	}
	if _, err := l.Credentials(t.Context(), &auth.CredentialsRequest{Host: "broken.example.com"}); err == nil {
		t.Error("a login that is not found is given")
	}
	if asked["docker.io"] != 1 || asked["free.example.com"] != 1 {
		t.Errorf("asked %v", asked)
	}
	if got := l.Replace("hunter2 and a-token"); got != "*** and ***" {
		t.Error(got)
	}
}

// TestDenied tells a registry's refusal from the other ways in which a step fails.
func TestDenied(t *testing.T) {
	for reason, want := range map[string]bool{
		"pulling from host registry.example.com failed with status code [manifests 1]: 401 Unauthorized": true,
		"failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized":      true,
		"pull access denied, repository does not exist or may require authorization":                     true,
		"unexpected status code [manifests 1]: 403 Forbidden":                                            true,
		"no basic auth credentials":                                               true,
		"registry.example.com/none:1: not found":                                  false,
		"dial tcp 192.0.2.1:443: connect: connection refused":                     false,
		"process \"/bin/sh -c make\" did not complete successfully: exit code: 1": false,
	} {
		tracker := newTracker(nil, newLogins(nil))
		if f := tracker.failure(errors.New(reason), "Dockerfile", []byte("FROM scratch")); f == nil || f.Denied != want {
			t.Errorf("%q: %+v", reason, f)
		}
	}
}
