package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/longshore-dev/longshore/internal/app"
)

// App is a git checkout with a compose app for a test to deploy: the test app, in an image made from scratch, and
// whatever else the test writes to it.
type App struct {
	Dir string

	w *World
}

// dockerfile gives each version an image of its own that differs in its last layer.
const dockerfile = `FROM scratch
COPY testapp /testapp
COPY version /version
EXPOSE 3000
ENTRYPOINT ["/testapp"]
`

// NewApp makes a checkout with the files testapp, Dockerfile and version ("1"), and the given ones, and commits them.
// Names are slash-separated paths; a test gives at least compose.yaml, whose service has `build: .`.
func (w *World) NewApp(files map[string]string) *App {
	w.t.Helper()
	binary, err := testApp()
	if err != nil {
		w.t.Fatal(err)
	}
	a := &App{Dir: w.t.TempDir(), w: w}
	content, err := os.ReadFile(binary)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.Dir, "testapp"), content, 0o755); err != nil {
		w.t.Fatal(err)
	}
	a.git("init", "--quiet", "--initial-branch=main")
	a.Write("Dockerfile", dockerfile)
	a.Write("version", "1\n")
	for name, content := range files {
		a.Write(name, content)
	}
	a.Commit("the first version")
	return a
}

// Write writes a file without committing it.
func (a *App) Write(name, content string) {
	a.w.t.Helper()
	path := filepath.Join(a.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		a.w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		a.w.t.Fatal(err)
	}
}

// SetVersion writes another version, which every answer of the app then carries, and commits it.
func (a *App) SetVersion(version string) {
	a.w.t.Helper()
	a.Write("version", version+"\n")
	a.Commit("version " + version)
}

// Commit commits everything that has changed and returns the short SHA.
func (a *App) Commit(message string) string {
	a.w.t.Helper()
	a.git("add", "--all")
	a.git("commit", "--quiet", "--allow-empty", "--message", message)
	return a.git("rev-parse", "--short", "HEAD")
}

func (a *App) git(args ...string) string {
	a.w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = a.Dir, a.w.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.w.t.Fatalf("git %s: %v: %s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}

// Files is a project, see World.Project, with one routed service, web, in two replicas, on the hosts given, with the environment given as
// "NAME=value". The names of route are its hosts, separated by commas.
func Files(project, route string, on []app.Host, environment ...string) map[string]string {
	var env, hosts strings.Builder
	var names []string
	for _, entry := range environment {
		fmt.Fprintf(&env, "\n      - %q", entry)
	}
	if env.Len() == 0 {
		env.WriteString(" []")
	}
	for _, h := range on {
		names = append(names, h.Name)
		fmt.Fprintf(&hosts, "  %s: { address: %q", h.Name, h.Address)
		if h.IdentityFile != "" {
			fmt.Fprintf(&hosts, ", identity_file: %q", h.IdentityFile)
		}
		if h.StateDir != "" {
			fmt.Fprintf(&hosts, ", state_dir: %q", h.StateDir)
		}
		fmt.Fprintf(&hosts, ", edge: { http: %d } }\n", h.Edge.HTTPPort())
	}
	return map[string]string{
		"compose.yaml": fmt.Sprintf(`services:
  web:
    build: .
    environment:%s
    deploy: { replicas: 2 }
    stop_grace_period: 5s
    x-longshore:
      route: { hosts: [%s], port: 3000 }
      health: { path: /up, within: 15s, stable_for: 500ms, interval: 100ms }
      drain: 10s
`, env.String(), route),
		"longshore.yml": fmt.Sprintf("project: %s\nhosts:\n%ssites:\n  production: { hosts: [%s] }\n",
			project, hosts.String(), strings.Join(names, ", ")),
	}
}

// testApp builds the test app once for all tests of the process.
var testApp = sync.OnceValues(func() (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(root, "bin", "testapp")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./testsuite/harness/testapp")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the test app: %w: %s", err, out)
	}
	return binary, nil
})
