//go:build e2e

package secrets

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// hunt is a stage on which a day goes by, and all that was seen of it.
type hunt struct {
	*stage
	// values are all secret values of the day, by name and version.
	values map[string]string
	// said is what each command of the CLI has printed.
	said map[string]string
	temp string // the folder for temporary files of all that runs
}

// awkward is a value that every form of it changes.
func awkward() string { return rand.Text() + `"<&>\+/=% é#` + rand.Text() }

// long is a value that is cut wherever lines and outputs are.
func long() string {
	parts := []string{awkward()}
	for range 240 {
		parts = append(parts, rand.Text())
	}
	return strings.Join(parts, "-")
}

// newHunt is a world with a host, and the app, of which nothing is deployed.
func newHunt(t *testing.T) *hunt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	database, err := hosts.PrepareDatabase(ctx, hosts.PostgreSQL, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	w := harness.New(t)
	h := &hunt{
		stage:  &stage{t: t, world: w, name: w.Project("leaks"), project: project{}.complete(), first: rand.Text()},
		values: map[string]string{}, said: map[string]string{}, temp: filepath.Join(filepath.Dir(w.State), "tmp"),
	}
	if err := os.Mkdir(h.temp, 0o700); err != nil {
		t.Fatal(err)
	}
	w.Setenv("TMPDIR", h.temp)
	h.hosts = []*hosts.Host{hosts.Start(t)}
	w.Trust(h.hosts...)
	h.engine, h.worker, h.client = w.StartEngine(), w.StartWorker("worker"), w.Client()
	h.stage.app = w.NewApp(h.files(database))
	h.addTeller()
	return h
}

func (h *hunt) reached() []app.Host { return []app.Host{h.hosts[0].AppHost()} }

// addTeller puts the app's binary into the checkout.
func (h *hunt) addTeller() {
	h.t.Helper()
	path := filepath.Join(h.stage.app.Dir, "teller")
	build := exec.CommandContext(h.t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "./teller")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		h.t.Fatalf("build the app: %v: %s", err, out)
	}
	h.stage.app.Commit("the app")
}

// cli runs a command that is to end with a code, and keeps what it says.
func (h *hunt) cli(code int, input string, args ...string) harness.Output {
	h.t.Helper()
	out := h.feed(input, args...)
	h.said["longshore "+strings.Join(args, " ")] += out.Stdout + out.Stderr
	if out.Code != code {
		h.t.Fatalf("longshore %v, which should end with %d: %s", args, code, out)
	}
	return out
}

// ended waits for a command that is to end with a code, and keeps what it says.
func (h *hunt) ended(code int, c *harness.Command, args ...string) harness.Output {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	out, err := c.Wait(ctx)
	h.said["longshore "+strings.Join(args, " ")] += out.Stdout + out.Stderr
	if err != nil || out.Code != code {
		h.t.Fatalf("longshore %v, which should end with %d: %v: %s", args, code, err, out)
	}
	return out
}

// keep sets a version of a secret through the standard input.
func (h *hunt) keep(name, version, value string) {
	h.t.Helper()
	h.cli(0, value, "secret", "set", name, "--why", "a day's work")
	h.values[name+"@"+version] = value
}

// change commits another compose file.
func (h *hunt) change(to tells) {
	h.t.Helper()
	h.stage.app.Write("mode", to.build+"\n")
	h.stage.app.Write("compose.yaml", compose(to))
	h.stage.app.Commit("another day's work")
}

// secrets gives the app its first values, in every way that there is.
func (h *hunt) secrets() {
	h.t.Helper()
	h.keep("FIRST_PASSWORD", "1", h.first)
	h.keep("DATABASE_URL", "1", "postgres://shop_a:"+h.first+"@db/shop")
	h.keep("API_TOKEN", "1", awkward())
	h.keep("BUILD_TOKEN", "1", awkward())
	h.keep("PAYMENTS_KEY", "1", long())
	h.keep("TLS_KEY", "1", "-----BEGIN KEY-----\n"+rand.Text()+rand.Text()+"\n"+awkward()+"\n-----END KEY-----")
	h.cli(0, "", "secret", "generate", "SESSION_KEY", "-o", "json")
	one, two := awkward(), rand.Text()
	h.cli(0, fmt.Sprintf("IMPORTED_ONE='%s'\nexport IMPORTED_TWO=\"%s\"\n", one, two), "secret", "import", "-")
	h.values["IMPORTED_ONE@1"], h.values["IMPORTED_TWO@1"] = one, two
	h.edit("IMPORTED_TWO", "2", awkward())
	h.cli(0, "", "secret", "ls", "--origin")
	h.stage.app.Commit("secrets")
}

// edit changes a secret in an editor, which takes the new value from a file that is out of the way.
func (h *hunt) edit(name, version, value string) {
	h.t.Helper()
	folder := filepath.Join(filepath.Dir(h.world.State), "aside")
	if err := os.Mkdir(folder, 0o700); err != nil {
		h.t.Fatal(err)
	}
	editor, text := filepath.Join(folder, "editor"), filepath.Join(folder, "text")
	for path, content := range map[string]string{editor: "#!/bin/sh\ncat " + text + " > \"$1\"\n", text: value} {
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			h.t.Fatal(err)
		}
	}
	h.world.Setenv("EDITOR", editor)
	h.cli(0, "", "secret", "edit", name)
	h.values[name+"@"+version] = value
}

// day does all that is done to an app in a day, with failures.
func (h *hunt) day() {
	h.t.Helper()
	h.secrets()
	first := h.deployed("deploy", "-o", "json")

	h.change(tells{secrets: all, build: "broken"})
	h.fails("BUILD_TOKEN", app.KindBuild)
	for _, name := range []string{"API_TOKEN", "PAYMENTS_KEY"} {
		h.change(tells{secrets: name, fail: "exit"})
		h.fails(name, app.KindExited)
	}
	h.change(tells{secrets: "TLS_KEY", fail: "unwell"})
	h.fails("TLS_KEY", app.KindUnhealthy, h.killWorker)

	h.keep("API_TOKEN", "2", awkward())
	h.change(tells{secrets: all})
	h.cli(0, "", "deploy", "--plan")
	h.cli(0, "", "deploy", "-o", "plain")

	h.cli(0, "", "secret", "rotate", "SESSION_KEY", "-o", "json")
	h.cli(0, "", "secret", "rotate", "DATABASE_URL", "--why", "a quarter has gone by")
	told := h.cli(3, "", "secret", "rotate", "PAYMENTS_KEY", "-o", "json")
	if !strings.Contains(told.Stdout, `\"value\":\"***\"`) {
		h.t.Errorf("what the step was given is not in what it is told to have said, masked: %s", told)
	}
	h.deployed("rollback", "--to", first.Release, "-o", "json")
	h.cli(0, "", "restart", "web")
	h.cli(0, "", "key", "rotate")
	h.looks()
	h.remember()
}

// deployed is a run that succeeds.
func (h *hunt) deployed(args ...string) app.Result {
	h.t.Helper()
	var result app.Result
	if err := h.cli(0, "", args...).Result(&result); err != nil || result.Outcome != app.Succeeded {
		h.t.Fatalf("longshore %v: %v: %+v", args, err, result)
	}
	return result
}

// killWorker kills the worker while a new container of the app is not well: the next one knows no value by itself.
func (h *hunt) killWorker() {
	h.t.Helper()
	harness.Eventually(h.t, patience, func() error {
		if n := len(h.containers(0, "web")); n < 2 {
			return fmt.Errorf("%d containers run", n)
		}
		return nil
	})
	h.worker.Restart()
}

// fails deploys what is committed, and wants it to fail with what the app has said of the secret, without its value.
func (h *hunt) fails(secret, kind string, meanwhile ...func()) {
	h.t.Helper()
	args := []string{"deploy", "-o", "json"}
	deploy := h.world.Start(h.stage.app.Dir, args...)
	for _, do := range meanwhile {
		do()
	}
	var result app.Result
	out := h.ended(3, deploy, args...)
	if err := out.Result(&result); err != nil || result.Failure == nil || result.Failure.Kind != kind {
		h.t.Fatalf("the deploy should fail with %q: %v: %s", kind, err, out)
	}
	for _, form := range []string{"as it is", "base64 for URLs", "hex", "in a query", "JSON in JSON"} {
		if !slices.ContainsFunc(result.Failure.Logs, func(line string) bool {
			_, text, ok := strings.Cut(line, secret+" "+form+": ")
			return ok && strings.Contains(text, "***")
		}) {
			h.t.Errorf("%s %s is not in the last lines, masked: %q", secret, form, result.Failure.Logs)
		}
	}
	h.cli(3, "", "watch", "-o", "plain")
	h.onlyForRunning()
}

// looks asks for all that there is to see.
func (h *hunt) looks() {
	h.t.Helper()
	for _, command := range []string{
		"status", "status -o json", "ps", "releases -o json", "config", "watch -o json", "secret ls -o json",
		"secret history SESSION_KEY", "secret history DATABASE_URL -o json", "secret status DATABASE_URL -o json", "secret watch SESSION_KEY",
		"secret status PAYMENTS_KEY", "key show", "key recipient ls",
	} {
		code := 0
		h.cli(code, "", strings.Fields(command)...)
	}
	logs := h.cli(0, "", "logs", "web", "--tail", "-1")
	for name := range strings.SplitSeq(all, ",") {
		if !strings.Contains(logs.Stdout, name+" as it is: ***") {
			h.t.Errorf("%s is not in the logs, masked: %s", name, logs)
		}
	}
}

// remember learns the values that nobody has set. They are shown, which is the one place for them.
func (h *hunt) remember() {
	h.t.Helper()
	for _, version := range []string{"SESSION_KEY@1", "SESSION_KEY@2", "DATABASE_URL@2", "PAYMENTS_KEY@2"} {
		name, number, _ := strings.Cut(version, "@")
		h.values[version] = h.value(name, number)
	}
	for version, value := range h.values {
		if finds := h.finder().find([]byte(value)); len(finds) == 0 {
			h.t.Fatalf("%s cannot be found, since it has no long run", version)
		}
	}
}

// finder finds the day's values, and what was planted.
func (h *hunt) finder() *finder {
	f := &finder{}
	for name, value := range h.values {
		f.add(name, value)
	}
	return f
}
