//go:build e2e

package build_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	docker "github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/build"
)

func local(t *testing.T) *docker.Client {
	t.Helper()
	cli, err := docker.NewClientWithOpts(docker.FromEnv, docker.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cli.Close() })
	return cli
}

// base is an image with a shell that the engine holds.
func base(t *testing.T) string {
	t.Helper()
	ref := os.Getenv("LONGSHORE_TEST_BASE")
	if ref == "" {
		t.Fatal("LONGSHORE_TEST_BASE must name an image with a shell on the local engine, for the steps that run commands")
	}
	return ref
}

// folder writes a build context; keys are paths in it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func tag(t *testing.T, cli *docker.Client) string {
	t.Helper()
	ref := "longshore-build-test:" + strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	t.Cleanup(func() {
		_, _ = cli.ImageRemove(context.Background(), ref, image.RemoveOptions{Force: true, PruneChildren: true})
	})
	return ref
}

func mustBuild(t *testing.T, cli *docker.Client, req build.Request, progress func(build.Event)) string {
	t.Helper()
	id, err := build.Build(t.Context(), cli, req, progress)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// read answers a file of an image.
func read(t *testing.T, cli *docker.Client, id, path string) string {
	t.Helper()
	made, err := cli.ContainerCreate(t.Context(), &container.Config{Image: id, Cmd: []string{"none"}}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	defer cli.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true})
	out, err := exec.Command("sh", "-c", `docker cp "$1:$2" - | tar -xO`, "sh", made.ID, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestScratch(t *testing.T) {
	cli := local(t)
	text := rand.Text() // that no earlier run has cached
	dir := folder(t, map[string]string{
		"Dockerfile":    "FROM scratch\nCOPY . /app/\nENTRYPOINT [\"/app/hello\"]\n",
		"hello":         text,
		"skipped":       "two",
		".dockerignore": "skipped\n",
	})
	req := build.Request{
		Build:    app.Build{Context: dir, Labels: map[string]string{"a": "theirs", "b": "c"}},
		Tag:      tag(t, cli),
		Platform: "linux/amd64",
		Labels:   map[string]string{"a": "ours", app.LabelService: "web"},
	}
	var events []build.Event
	id := mustBuild(t, cli, req, func(e build.Event) { events = append(events, e) })
	found, err := cli.ImageInspect(t.Context(), req.Tag)
	if err != nil {
		t.Fatal(err)
	}
	if found.ID != id {
		t.Errorf("answered %s, and the engine tagged %s", id, found.ID)
	}
	if labels := found.Config.Labels; labels["a"] != "ours" || labels["b"] != "c" || labels[app.LabelService] != "web" {
		t.Errorf("labels: %v", labels)
	}
	if got := read(t, cli, id, "/app/hello"); got != text {
		t.Errorf("/app/hello: %q", got)
	}
	if out, err := exec.Command("sh", "-c", "docker create "+id+" none").Output(); err == nil {
		name := strings.TrimSpace(string(out))
		defer exec.Command("docker", "rm", name).Run()
		if exec.Command("docker", "cp", name+":/app/skipped", "-").Run() == nil {
			t.Error("what .dockerignore names is in the image")
		}
	}
	if !slices.ContainsFunc(events, func(e build.Event) bool {
		return strings.Contains(e.Step, "COPY") && e.State == build.Done
	}) {
		t.Errorf("events: %+v", events)
	}

	t.Cleanup(func() { // the engine keeps it when the tag moves on
		_, _ = cli.ImageRemove(context.Background(), id, image.RemoveOptions{Force: true})
	})
	if again := mustBuild(t, cli, req, nil); again != id {
		t.Errorf("the same source gave %s and %s", id, again)
	}
	if err := os.WriteFile(filepath.Join(dir, "hello"), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if changed := mustBuild(t, cli, req, nil); changed == id {
		t.Error("another source gave the same image")
	}
}

func TestDockerfileElsewhere(t *testing.T) {
	cli := local(t)
	context := folder(t, map[string]string{"sub/f": "text", "sub/Dockerfile.web": "FROM scratch\nCOPY sub/f /from-sub\n"})
	outside := folder(t, map[string]string{"other": "FROM scratch\nCOPY sub/f /from-outside\n"})
	for name, test := range map[string]struct {
		build app.Build
		file  string
	}{
		"in a subfolder":      {app.Build{Context: context, Dockerfile: "sub/Dockerfile.web"}, "/from-sub"},
		"outside the context": {app.Build{Context: context, Dockerfile: filepath.Join(outside, "other")}, "/from-outside"},
		"inline":              {app.Build{Context: context, DockerfileInline: "FROM scratch\nCOPY sub/f /from-inline\n"}, "/from-inline"},
		"target": {app.Build{
			Context: context, Target: "a", DockerfileInline: "FROM scratch AS a\nCOPY sub/f /from-a\nFROM scratch\nCOPY none /\n",
		}, "/from-a"},
		"args": {app.Build{
			Context: context, DockerfileInline: "FROM scratch\nARG TO\nCOPY sub/f /$TO\n", Args: map[string]string{"TO": "from-arg"},
		}, "/from-arg"},
	} {
		t.Run(name, func(t *testing.T) {
			ref := "longshore-build-test:elsewhere"
			id := mustBuild(t, cli, build.Request{Build: test.build, Tag: ref}, nil)
			defer cli.ImageRemove(t.Context(), ref, image.RemoveOptions{Force: true})
			if text := read(t, cli, id, test.file); text != "text" {
				t.Errorf("%s: %q", test.file, text)
			}
		})
	}
}

func TestFailingStep(t *testing.T) {
	cli := local(t)
	script := "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do echo line $i; done; echo last; exit 3"
	dir := folder(t, map[string]string{"Dockerfile": "FROM " + base(t) + "\nRUN true\nRUN " + script + "\n"})
	var events []build.Event
	_, err := build.Build(t.Context(), cli, build.Request{Build: app.Build{Context: dir}, Tag: tag(t, cli)},
		func(e build.Event) { events = append(events, e) })
	var failed *build.StepError
	if !errors.As(err, &failed) {
		t.Fatalf("%T: %v", err, err)
	}
	t.Log(err)
	if failed.ExitCode != 3 || failed.Line != 3 || failed.Dockerfile != "Dockerfile" || !strings.Contains(failed.Step, "RUN for i") {
		t.Errorf("%+v", failed)
	}
	if len(failed.Logs) != 20 || failed.Logs[19] != "last" || failed.Logs[18] != "line 25" {
		t.Errorf("logs: %q", failed.Logs)
	}
	if !strings.Contains(err.Error(), "exit code 3") || !strings.Contains(err.Error(), "line 25") {
		t.Errorf("message: %v", err)
	}
}

func TestBrokenDockerfiles(t *testing.T) {
	cli := local(t)
	for name, test := range map[string]struct {
		text string
		line int
		want string
	}{
		"unknown instruction": {"FROM scratch\n\nCOPPY a b\n", 3, "COPPY"},
		"missing file":        {"FROM scratch\nCOPY missing /\n", 2, "missing"},
		"missing stage":       {"FROM scratch\nCOPY --from=0nowhere /a /\n", 0, ""},
		"missing target":      {"FROM scratch AS a\nCOPY . /\nFROM b AS c\n", 0, ""},
		"missing base":        {"FROM 127.0.0.1:1/none:1\n", 0, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{"Dockerfile": test.text})
			_, err := build.Build(t.Context(), cli, build.Request{Build: app.Build{Context: dir}, Tag: tag(t, cli)}, nil)
			var failed *build.StepError
			if !errors.As(err, &failed) {
				t.Fatalf("%T: %v", err, err)
			}
			t.Logf("%+v", *failed)
			if test.line != 0 && failed.Line != test.line || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSecret(t *testing.T) {
	cli := local(t)
	t.Setenv("LONGSHORE_BUILD_TEST_SECRET", "hunter2-from-env")
	file := filepath.Join(folder(t, map[string]string{"secret": "hunter2-from-file\n"}), "secret")
	text := "FROM " + base(t) + "\n" +
		"RUN --mount=type=secret,id=a --mount=type=secret,id=b test \"$(cat /run/secrets/a)\" = hunter2-from-env && sha256sum /run/secrets/b > /sum\n" +
		"FROM scratch\nCOPY --from=0 /sum /sum\n"
	req := build.Request{
		Build: app.Build{
			Context: t.TempDir(), DockerfileInline: text,
			Secrets: []app.BuildSecret{{ID: "a", Env: "LONGSHORE_BUILD_TEST_SECRET"}, {ID: "b", File: file}},
		},
		Tag: tag(t, cli),
	}
	id := mustBuild(t, cli, req, nil)
	if sum := read(t, cli, id, "/sum"); !strings.HasSuffix(sum, "  /run/secrets/b\n") {
		t.Errorf("sum: %q", sum)
	}

	req.Build.DockerfileInline = "FROM " + base(t) + "\nRUN --mount=type=secret,id=a --mount=type=secret,id=b echo token=$(cat /run/secrets/a); cat /run/secrets/b; exit 9\n"
	_, err := build.Build(t.Context(), cli, req, nil)
	if err == nil || strings.Contains(err.Error(), "hunter2-") || !strings.Contains(err.Error(), "token=***") {
		t.Errorf("%v", err)
	}
}

func TestCancel(t *testing.T) {
	cli := local(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req := build.Request{
		Build: app.Build{
			Context: t.TempDir(), DockerfileInline: "FROM " + base(t) + "\nRUN exec sleep 301.5\n", NoCache: true,
		},
		Tag: tag(t, cli),
	}
	ended := make(chan error, 1)
	go func() {
		_, err := build.Build(ctx, cli, req, nil)
		ended <- err
	}()
	await(t, "the step to run", stepRuns)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	await(t, "the step to stop", func() bool { return !stepRuns() })
}

// stepRuns finds the step of TestCancel among this machine's processes.
func stepRuns() bool { return exec.Command("pgrep", "-fx", "sleep 301.5").Run() == nil }

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestAdditionalContextNeedsNewerEngine(t *testing.T) {
	cli := local(t)
	other := folder(t, map[string]string{"f": "text"})
	req := build.Request{
		Build: app.Build{
			Context: t.TempDir(), DockerfileInline: "FROM scratch\nCOPY --from=other f /f\n",
			AdditionalContexts: map[string]string{"other": other},
		},
		Tag: tag(t, cli),
	}
	id, err := build.Build(t.Context(), cli, req, nil)
	if cli.NewVersionError(t.Context(), "1.42", "") != nil {
		if err == nil || !strings.Contains(err.Error(), "upgrade Docker") {
			t.Errorf("%v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := read(t, cli, id, "/f"); text != "text" {
		t.Errorf("/f: %q", text)
	}
}

func TestNetwork(t *testing.T) {
	cli := local(t)
	for network, want := range map[string]string{"": "eth0", "host": "lo", "none": "lo"} {
		t.Run("network "+network, func(t *testing.T) {
			req := build.Request{
				Build: app.Build{
					Context: t.TempDir(), Network: network, NoCache: true, ExtraHosts: []string{"db:10.1.2.3"},
					DockerfileInline: "FROM " + base(t) + "\nRUN ls /sys/class/net > /net; cat /etc/hosts > /hosts-seen\n",
				},
				Tag: tag(t, cli),
			}
			id := mustBuild(t, cli, req, nil)
			if net := read(t, cli, id, "/net"); !strings.Contains(net, want) {
				t.Errorf("interfaces: %q", net)
			}
			if hosts := read(t, cli, id, "/hosts-seen"); !strings.Contains(hosts, "10.1.2.3\tdb") {
				t.Errorf("hosts: %q", hosts)
			}
		})
	}
}

func TestSeveralPlatforms(t *testing.T) {
	cli := local(t)
	req := build.Request{
		Build: app.Build{
			Context: t.TempDir(), DockerfileInline: "FROM scratch\nCOPY . /\n", Platforms: []string{"linux/amd64", "linux/arm64"},
		},
		Tag: tag(t, cli),
	}
	_, err := build.Build(t.Context(), cli, req, nil)
	info, infoErr := cli.Info(t.Context())
	if infoErr != nil {
		t.Fatal(infoErr)
	}
	containerd := slices.Contains(info.DriverStatus, [2]string{"driver-type", "io.containerd.snapshotter.v1"})
	if containerd && err != nil || !containerd && (err == nil || !strings.Contains(err.Error(), "one platform only")) {
		t.Errorf("containerd's store: %v: %v", containerd, err)
	}
	req.Platform = "linux/arm64"
	id := mustBuild(t, cli, req, nil)
	found, err := cli.ImageInspect(t.Context(), id)
	if err != nil || found.Architecture != "arm64" {
		t.Errorf("%s, %v", found.Architecture, err)
	}
}
