package build

import (
	"errors"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/build"
)

// TestDeniedBase says whose login a registry refuses, and leaves every other failure alone.
func TestDeniedBase(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("DOCKER_AUTH_CONFIG", "")
	t.Setenv("REGISTRY_PASSWORD", "hunter2")
	entries := []app.Registry{
		{Name: "registry.example.com", Username: "ci", PasswordEnv: "REGISTRY_PASSWORD"},
		{Name: "lost.example.com", Username: "ci", PasswordEnv: "NOT_THERE"},
	}
	denied := &build.StepError{Step: "[internal] load metadata", Reason: "401 Unauthorized", Denied: true}
	for _, c := range []struct {
		name, registry string
		err            error
		says           string
	}{
		{"wrong", "registry.example.com", denied, "refuses the login from registries.registry.example.com (the user ci,"},
		{"none", "other.example.com", denied, "wants a login, and there is none in Docker's configuration"},
		{"lost", "lost.example.com", denied, "the variable NOT_THERE is not set for the worker"},
		{"another failure", "registry.example.com", &build.StepError{Reason: "exit code: 1"}, ""},
		{"no question", "", denied, ""},
		{"well", "registry.example.com", nil, ""},
		{"unreachable", "registry.example.com", errors.New("no such host"), ""},
	} {
		a := &asked{entries: entries}
		if c.registry != "" {
			_, _ = a.login(t.Context(), c.registry) // whether it is found is what the failure says
		}
		f := a.failure(activities.BuildInput{Service: "web"}, c.err)
		switch {
		case c.says == "" && f != nil:
			t.Errorf("%s: %+v", c.name, f)
		case c.says != "" && (f == nil || f.Kind != app.KindRegistry || !strings.Contains(f.Message, c.says) || strings.Contains(f.Message, "hunter2")):
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}
