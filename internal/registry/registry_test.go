package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// dockerFolder is a Docker configuration of the test's own.
func dockerFolder(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("DOCKER_AUTH_CONFIG", "")
	if config != "" {
		write(t, filepath.Join(dir, "config.json"), config, 0o600)
	}
	return dir
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestEntries(t *testing.T) {
	dockerFolder(t, "")
	dir := t.TempDir()
	file, empty := filepath.Join(dir, "password"), filepath.Join(dir, "empty")
	write(t, file, "from a file\n", 0o600)
	write(t, empty, "\n", 0o600)
	t.Setenv("REGISTRY_PASSWORD", "from a variable")
	t.Setenv("EMPTY", "")
	open := func(name, sealed string) (secret.String, error) {
		if sealed == "" {
			return secret.String{}, errors.New("nothing is sealed")
		}
		return secret.New("from " + sealed + " " + name), nil
	}
	for _, c := range []struct {
		name  string
		entry app.Registry
		want  string
		err   string
	}{
		{"variable", app.Registry{PasswordEnv: "REGISTRY_PASSWORD"}, "from a variable", ""},
		{"file", app.Registry{PasswordFile: file}, "from a file", ""},
		{"command", app.Registry{PasswordCommand: []string{"echo", "from a  command"}}, "from a  command", ""},
		{"no variable", app.Registry{PasswordEnv: "NOT_THERE"}, "", "the password for the registry ghcr.io: the variable NOT_THERE is not set for the worker"},
		{"empty variable", app.Registry{PasswordEnv: "EMPTY"}, "", "the variable EMPTY is empty"},
		{"no file", app.Registry{PasswordFile: dir + "/none"}, "", "the file " + dir + "/none is not on the worker's machine"},
		{"empty file", app.Registry{PasswordFile: empty}, "", "is empty"},
		{"no command", app.Registry{PasswordCommand: []string{dir + "/none", "hunter2"}}, "", "the command " + dir + "/none cannot be run"},
		{"command that fails", app.Registry{PasswordCommand: []string{"sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"}}, "", "the command sh failed (exit status 3)"},
		{"secret", app.Registry{PasswordSecret: "TOKEN", PasswordSealed: "sealed"}, "from sealed TOKEN", ""},
		{"no secret", app.Registry{PasswordSecret: "TOKEN"}, "", "the password for the registry ghcr.io: nothing is sealed"},
		{"endless", app.Registry{PasswordCommand: []string{"head", "-c", "70000", "/dev/zero"}}, "", "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.entry.Name, c.entry.Username = "ghcr.io", "ci"
			entries := []app.Registry{{Name: "docker.io", Username: "other", PasswordEnv: "HOME"}, c.entry}
			got, err := Find(t.Context(), "ghcr.io", entries, open)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || got.Login.Password.Reveal() != c.want || got.Login.Username != "ci" || got.Login.Registry != "ghcr.io" {
				t.Errorf("%q for %+v, %v", got.Login.Password.Reveal(), got, err)
			}
			if !strings.HasPrefix(got.From, "registries.ghcr.io (the user ci, ") {
				t.Errorf("from %s", got.From)
			}
		})
	}
}

func TestDockerConfiguration(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("ci:hunter2"))
	dir := dockerFolder(t, `{
		"auths": {"ghcr.io": {"auth": "`+auth+`"}, "https://index.docker.io/v1/": {"auth": "`+auth+`"}},
		"credHelpers": {"helped.example.com": "longshore-test", "token.example.com": "longshore-test", "broken.example.com": "longshore-none"}
	}`)
	// A helper reads the registry from its input, and answers in JSON.
	write(t, filepath.Join(dir, "docker-credential-longshore-test"), `#!/bin/sh
read -r registry
case "$registry" in
token*) echo '{"ServerURL":"x","Username":"<token>","Secret":"a token"}' ;;
*) echo '{"ServerURL":"x","Username":"helped","Secret":"by a helper"}' ;;
esac
`, 0o700)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	type login struct{ user, password, token string }
	for name, want := range map[string]login{
		"ghcr.io":            {"ci", "hunter2", ""},
		"docker.io":          {"ci", "hunter2", ""},
		"helped.example.com": {"helped", "by a helper", ""},
		"token.example.com":  {"", "", "a token"},
		"broken.example.com": {},
		"other.example.com":  {},
	} {
		found, err := Find(t.Context(), name, nil, nil)
		got := login{found.Login.Username, found.Login.Password.Reveal(), found.Login.IdentityToken.Reveal()}
		if err != nil || got != want || found.Login.Anonymous() != (want == login{}) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, want)
		}
		if !strings.HasPrefix(found.From, "Docker's configuration "+dir+"/config.json") || strings.Contains(found.From, "failed") != (name == "broken.example.com") {
			t.Errorf("%s is from %s", name, found.From)
		}
	}
	// An entry of the settings goes before, whole.
	t.Setenv("REGISTRY_PASSWORD", "own")
	found, err := Find(t.Context(), "ghcr.io", []app.Registry{{Name: "ghcr.io", Username: "own", PasswordEnv: "REGISTRY_PASSWORD"}}, nil)
	if err != nil || found.Login.Username != "own" || found.Login.Password.Reveal() != "own" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestNoDockerConfiguration(t *testing.T) {
	dockerFolder(t, "")
	if found, err := Find(t.Context(), "ghcr.io", nil, nil); err != nil || !found.Login.Anonymous() {
		t.Errorf("without a file: %+v, %v", found, err)
	}
	dockerFolder(t, `{"auths": {"ghcr.io": {"auth": "hunter2`)
	if _, err := Find(t.Context(), "ghcr.io", nil, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a broken file: %v", err)
	}
}

// TestCancelled does not take a cancellation for a helper that failed.
func TestCancelled(t *testing.T) {
	dir := dockerFolder(t, `{"credHelpers": {"slow.example.com": "longshore-slow"}}`)
	write(t, filepath.Join(dir, "docker-credential-longshore-slow"), "#!/bin/sh\nexec sleep 3\n", 0o700)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Find(ctx, "slow.example.com", nil, nil); err == nil {
		t.Error("a cancelled search ends well")
	}
	if _, err := Find(ctx, "x", []app.Registry{{Name: "x", PasswordCommand: []string{"sleep", "60"}}}, nil); err == nil {
		t.Error("a cancelled command ends well")
	}
}

// TestMaskedLogin hides every form in which a login is sent.
func TestMaskedLogin(t *testing.T) {
	t.Setenv("REGISTRY_PASSWORD", "hunter2")
	found, err := Find(t.Context(), "x", []app.Registry{{Name: "x", Username: "ci", PasswordEnv: "REGISTRY_PASSWORD"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	found.Login.IdentityToken = secret.New("a-token")
	pair := base64.StdEncoding.EncodeToString([]byte("ci:hunter2"))
	if got := found.Login.Mask("ci:hunter2 " + pair + " a-token"); got != "ci:*** *** ***" {
		t.Error(got)
	}
}
