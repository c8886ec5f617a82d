package memory_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	fake "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// What an app prints of its secrets is in no result, and what was brought for it is on no host once the run has gone back.
func TestAFailedDeployTellsAndLeavesNoSecret(t *testing.T) {
	const value = "correct horse battery staple"
	encoded := base64.StdEncoding.EncodeToString([]byte("token:" + value))
	w := memory.New("web-1", "web-2")
	w.Keys(t.TempDir())
	spec := memory.Change(w.Shop("aaa", "web-1", "web-2"), "web", func(s *app.Service) {
		s.Release = nil
		s.Container.Secrets = []app.ServiceSecret{{Name: "TOKEN", Env: "TOKEN"}, {Name: "TOKEN", Target: "/run/secrets/token"}}
	})
	spec.Secrets = []app.Secret{{Name: "TOKEN"}}
	w.Secret("TOKEN", value)
	for _, host := range []string{"web-1", "web-2"} {
		w.Machine(host).BehaveService("web", fake.Behaviour{
			Exits: true, ExitCode: 3, Stdout: []string{"my token is " + value}, Stderr: []string{"Authorization: Basic " + encoded},
		})
	}
	before := w.State("web-1")
	ended := (&memory.Run{World: w, ID: "1"}).Do(t, workflows.Deploy, workflows.DeployInput{Spec: spec})
	told, err := json.Marshal(ended.Result)
	if err != nil {
		t.Fatal(err)
	}
	if ended.Result.Outcome != app.FailedClean || !strings.Contains(string(told), "my token is ***") {
		t.Errorf("%s", told)
	}
	inside := base64.StdEncoding.EncodeToString([]byte(value))[4:20]
	for _, found := range []string{value, encoded, inside} {
		if strings.Contains(string(told), found) || strings.Contains(ended.Err.Error(), found) {
			t.Errorf("%q is told: %s, %v", found, told, ended.Err)
		}
	}
	for _, host := range []string{"web-1", "web-2"} {
		after := w.State(host)
		for path := range after.Files {
			if strings.Contains(path, "/secrets/") {
				t.Errorf("%s keeps %s", host, path)
			}
		}
	}
	if got := w.State("web-1"); len(got.Files) != len(before.Files) {
		t.Errorf("left:\n%s", got)
	}
}
