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
