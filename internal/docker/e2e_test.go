//go:build e2e

package docker_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dockerimage "github.com/docker/docker/api/types/image"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/docker"
	"github.com/longshore-dev/longshore/internal/host"
)

const program = `package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println("to stdout")
	time.Sleep(50 * time.Millisecond) // the engine reads the two streams in no order
	fmt.Fprintln(os.Stderr, "to stderr")
	if len(os.Args) > 1 && os.Args[1] == "fail" {
		os.Exit(7)
	}
	if len(os.Args) > 2 && os.Args[1] == "listen" {
		l, err := net.Listen("tcp4", os.Args[2])
		if err != nil {
			panic(err)
		}
		defer l.Close()
		fmt.Println("listening")
	}
	<-stop
}
`

func local(t *testing.T) *docker.Engine {
	t.Helper()
	e, err := docker.New(func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", cmp.Or(os.Getenv("LONGSHORE_TEST_DOCKER_SOCKET"), "/var/run/docker.sock"))
	}, "local")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// image loads an image with one static program, and removes it after the test.
func image(t *testing.T, e *docker.Engine) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", "app", "main.go")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	binary, err := os.ReadFile(filepath.Join(dir, "app"))
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	writeTar(t, &layer, map[string][]byte{"app": binary})
	ref := "longshore-docker-test:" + strings.ToLower(t.Name())
	body, err := e.Client().ImageImport(t.Context(), dockerimage.ImportSource{Source: &layer, SourceName: "-"}, ref,
		dockerimage.ImportOptions{Changes: []string{`ENTRYPOINT ["/app"]`, "LABEL dev.longshore.dockertest=yes"}})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.ImageRemove(context.Background(), ref); err != nil {
			t.Error(err)
		}
	})
	return ref
}

func writeTar(t *testing.T, w io.Writer, files map[string][]byte) {
	t.Helper()
	out := tar.NewWriter(w)
	for name, data := range files {
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, e *docker.Engine, name string, c app.Container) string {
	t.Helper()
	id, err := e.ContainerCreate(t.Context(), name, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.ContainerRemove(context.Background(), id); err != nil {
			t.Error(err)
		}
	})
	return id
}

func awaitLogs(t *testing.T, e *docker.Engine, id string, lines int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		logs, err := e.ContainerLogs(t.Context(), id, lines+1)
		if err == nil && len(logs) == lines {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d lines of log do not come: %q, %v", lines, logs, err)
		}
	}
}

func TestContainerLife(t *testing.T) {
	e, ctx := local(t), t.Context()
	ref := image(t, e)
	labels := map[string]string{"dev.longshore.test": t.Name()}

	subnets := []app.Subnet{{CIDR: "10.213.77.0/24"}}
	for _, name := range []string{"longshore-test-a", "longshore-test-b"} {
		if _, err := e.NetworkCreate(ctx, name, app.Network{Labels: labels, Subnets: subnets}); err != nil {
			t.Fatal(err)
		}
		subnets = nil
		t.Cleanup(func() {
			if err := e.NetworkRemove(context.Background(), name); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := e.NetworkCreate(ctx, "longshore-test-a", app.Network{}); !errors.Is(err, host.ErrConflict) {
		t.Errorf("second network of a name: %v", err)
	}
	overlap := app.Network{Subnets: []app.Subnet{{CIDR: "10.213.77.0/24"}}}
	if _, err := e.NetworkCreate(ctx, "longshore-test-c", overlap); !errors.Is(err, host.ErrAddressTaken) {
		t.Errorf("overlapping subnet: %v", err)
	}

	c := app.Container{
		Image: ref, Labels: labels, StopGrace: 3 * time.Second,
		Networks: []app.Attachment{
			{Network: "longshore-test-b", Aliases: []string{"b"}},
			{Network: "longshore-test-a", IPv4: "10.213.77.9", Priority: 5, Aliases: []string{"a"}},
		},
		Ports: []app.Port{{HostIP: "127.0.0.1", Published: "47831", Target: 8080}},
	}
	id := create(t, e, "longshore-test-1", c)
	if _, err := e.ContainerCreate(ctx, "longshore-test-1", c); !errors.Is(err, host.ErrConflict) {
		t.Errorf("second container of a name: %v", err)
	}
	for range 2 {
		if err := e.ContainerStart(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.NetworkConnect(ctx, "longshore-test-a", id, app.Attachment{}); !errors.Is(err, host.ErrConflict) {
		t.Errorf("joining a network twice: %v", err)
	}
	state, err := e.ContainerInspect(ctx, "longshore-test-1")
	if err != nil {
		t.Fatal(err)
	}
	if !state.Running() || state.Addresses["longshore-test-a"] != "10.213.77.9" || state.Addresses["longshore-test-b"] == "" {
		t.Errorf("state: %+v", state)
	}
	if len(state.Ports) != 1 || state.Ports[0].Published != "47831" || state.Ports[0].Target != 8080 {
		t.Errorf("ports: %+v", state.Ports)
	}

	other := c
	other.Networks = []app.Attachment{{Network: "longshore-test-a", IPv4: "10.213.77.10"}}
	second := create(t, e, "longshore-test-2", other)
	if err := e.ContainerStart(ctx, second); !errors.Is(err, host.ErrPortTaken) {
		t.Errorf("port of a container: %v", err)
	}
	same := app.Container{Image: ref, Networks: []app.Attachment{{Network: "longshore-test-a", IPv4: "10.213.77.9"}}}
	third := create(t, e, "longshore-test-3", same)
	if err := e.ContainerStart(ctx, third); !errors.Is(err, host.ErrAddressTaken) {
		t.Errorf("address of a container: %v", err)
	}

	awaitLogs(t, e, id, 2)
	if err := e.ContainerStop(ctx, id, -1); err != nil {
		t.Fatal(err)
	}
	if err := e.ContainerStop(ctx, id, time.Second); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
	code, err := e.ContainerWait(ctx, id)
	if err != nil || code != 0 {
		t.Errorf("wait: %d, %v", code, err)
	}
	logs, err := e.ContainerLogs(ctx, id, 5)
	if err != nil || strings.Join(logs, "|") != "to stdout|to stderr" {
		t.Errorf("logs: %q, %v", logs, err)
	}
	var stdout, stderr bytes.Buffer
	if err := e.ContainerFollow(ctx, id, host.FollowOptions{Follow: true, Tail: -1}, &stdout, &stderr); err != nil {
		t.Error(err)
	}
	if stdout.String() != "to stdout\n" || stderr.String() != "to stderr\n" {
		t.Errorf("follow: %q, %q", stdout.String(), stderr.String())
	}
	found, err := e.ContainerList(ctx, labels)
	if err != nil || len(found) != 2 || found[0].ID != id || found[0].Status != "exited" {
		t.Errorf("list: %+v, %v", found, err)
	}
	if err := e.ContainerRename(ctx, id, "longshore-test-2"); !errors.Is(err, host.ErrConflict) {
		t.Errorf("rename to a taken name: %v", err)
	}
}

func TestPortOfAnotherProcess(t *testing.T) {
	// Below the ports that connections of others may have by chance (ip(7), ip_local_port_range).
	const port = "27832"
	e, ctx := local(t), t.Context()
	ref := image(t, e)
	holder := create(t, e, "longshore-test-holder", app.Container{
		Image: ref, NetworkMode: "host", Command: []string{"listen", "127.0.0.1:" + port},
	})
	if err := e.ContainerStart(ctx, holder); err != nil {
		t.Fatal(err)
	}
	awaitLogs(t, e, holder, 3)
	id := create(t, e, "longshore-test-port", app.Container{
		Image: ref, Ports: []app.Port{{HostIP: "127.0.0.1", Published: port, Target: 8080}},
	})
	if err := e.ContainerStart(ctx, id); !errors.Is(err, host.ErrPortTaken) {
		t.Errorf("port of a process: %v", err)
	}
}

func TestExitCodeAndTerminal(t *testing.T) {
	e, ctx := local(t), t.Context()
	ref := image(t, e)
	id := create(t, e, "longshore-test-tty", app.Container{Image: ref, Command: []string{"fail"}, TTY: true})
	if err := e.ContainerStart(ctx, id); err != nil {
		t.Fatal(err)
	}
	if code, err := e.ContainerWait(ctx, id); err != nil || code != 7 {
		t.Errorf("exit code %d, %v", code, err)
	}
	logs, err := e.ContainerLogs(ctx, id, 1)
	if err != nil || strings.Join(logs, "|") != "to stderr" {
		t.Errorf("logs: %q, %v", logs, err)
	}
}

func TestMissingThings(t *testing.T) {
	e, ctx := local(t), t.Context()
	_, err := e.ImageInspect(ctx, "longshore-none:1")
	for name, err := range map[string]error{
		"image":   err,
		"tag":     e.ImageTag(ctx, "longshore-none:1", "longshore-none:2"),
		"start":   e.ContainerStart(ctx, "longshore-none"),
		"stop":    e.ContainerStop(ctx, "longshore-none", time.Second),
		"kill":    e.ContainerKill(ctx, "longshore-none", "SIGKILL"),
		"network": e.NetworkRemove(ctx, "longshore-none"),
		"volume":  e.VolumeRemove(ctx, "longshore-none"),
		"container": func() error {
			_, err := e.ContainerCreate(ctx, "longshore-none", app.Container{Image: "longshore-none:1"})
			return err
		}(),
		"save": func() error {
			body, err := e.ImageSave(ctx, []string{"longshore-none:1"})
			if err != nil {
				return err
			}
			defer body.Close()
			_, err = io.Copy(io.Discard, body)
			return err
		}(),
	} {
		if !errors.Is(err, host.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := e.ContainerRemove(ctx, "longshore-none"); err != nil {
		t.Error(err)
	}
	if err := e.ImageRemove(ctx, "longshore-none:1"); err != nil {
		t.Error(err)
	}
}

func TestVolume(t *testing.T) {
	e, ctx := local(t), t.Context()
	labels := map[string]string{"dev.longshore.test": t.Name()}
	if err := e.VolumeCreate(ctx, "longshore-test", app.Volume{Labels: labels}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.VolumeRemove(context.Background(), "longshore-test"); err != nil {
			t.Error(err)
		}
	}()
	if err := e.VolumeCreate(ctx, "longshore-test", app.Volume{}); !errors.Is(err, host.ErrConflict) {
		t.Errorf("second volume of a name: %v", err)
	}
	found, err := e.VolumeList(ctx, labels)
	if err != nil || len(found) != 1 || found[0].Name != "longshore-test" {
		t.Errorf("list: %+v, %v", found, err)
	}
}

func TestLocalInfo(t *testing.T) {
	info, err := local(t).Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.OS != "linux" || info.Architecture == "x86_64" || info.Version == "" || info.RootDir == "" || info.Memory == 0 {
		t.Errorf("%+v", info)
	}
}
