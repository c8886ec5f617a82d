package memory_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/hosttest"
	"github.com/longshore-dev/longshore/internal/host/local"
	"github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/internal/secret"
)

func TestContract(t *testing.T) {
	m := memory.New("web-1")
	m.AddImage("runs:1", memory.ImageSpec{})
	m.AddImage("exits:1", memory.ImageSpec{})
	m.BehaveImage("runs:1", memory.Behaviour{Stdout: []string{"out"}, Stderr: []string{"err"}})
	m.BehaveImage("exits:1", memory.Behaviour{Exits: true, ExitCode: 3, Stdout: []string{"bye"}})
	m.Listen("unix", "/run/echo", func(conn net.Conn) {
		defer conn.Close()
		_, _ = io.Copy(conn, conn)
	})
	shell, err := local.New(app.Host{Name: "shell", StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	m.OnRun(func(ctx context.Context, cmd host.Command) (host.Output, error) {
		if slices.Equal(cmd.Args, []string{"id", "-u"}) {
			return host.Output{Stdout: []byte("0\n")}, nil
		}
		return shell.Run(ctx, host.Command{Args: cmd.Args, Stdin: cmd.Stdin})
	})
	m.OnExec(func(ctx context.Context, _ app.ContainerState, cmd host.ExecCommand) (host.Output, error) {
		return shell.Run(ctx, host.Command{Args: cmd.Args, Stdin: cmd.Stdin})
	})
	hosttest.Run(t, func(*testing.T) host.Host { return m.Host() }, hosttest.World{
		Engine:  true,
		Runs:    app.Container{Image: "runs:1"},
		Exits:   app.Container{Image: "exits:1"},
		Program: []string{"sh", "-c", program, "program"},
		Socket:  "/run/echo",
		Cut:     m.Cut,
	})
}

// program is the contract's World.Program.
const program = `case $1 in
	copy) cat ;;
	fail) echo o; echo e >&2; exit 3 ;;
	flood) head -c 200000 /dev/zero | tr '\0' x; echo end ;;
	hang) cat >/dev/null ;;
esac`

func start(t *testing.T, m *memory.Machine, name string, c app.Container) string {
	t.Helper()
	engine := m.Host().Engine()
	id, err := engine.ContainerCreate(t.Context(), name, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.ContainerStart(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return id
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !check(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestBehaviours(t *testing.T) {
	m := memory.New("web-1")
	m.AddImage("app:1", memory.ImageSpec{})
	m.BehaveService("dies", memory.Behaviour{Exits: true, After: 50 * time.Millisecond, ExitCode: 7})
	m.BehaveService("never", memory.Behaviour{NeverHealthy: true})
	m.BehaveService("late", memory.Behaviour{HealthyAfter: time.Hour})
	m.BehaveService("soon", memory.Behaviour{HealthyAfter: 20 * time.Millisecond})
	m.BehaveService("falls", memory.Behaviour{UnhealthyAfter: 20 * time.Millisecond})
	address := func(name string) string { return m.Containers()[name].Addresses["bridge"] + ":80" }
	answers := func(name string) bool { _, ok := m.Answers(address(name)); return ok }
	for _, service := range []string{"dies", "never", "late", "soon", "falls", "plain"} {
		start(t, m, service, app.Container{Image: "app:1", Labels: map[string]string{app.LabelService: service}})
	}
	if !answers("plain") || answers("never") || answers("late") {
		t.Error("a container answers that should not, or the other way round")
	}
	eventually(t, "it answers after a while", func() bool { return answers("soon") })
	eventually(t, "it ceases to answer", func() bool { return !answers("falls") })
	eventually(t, "it dies", func() bool { s := m.Containers()["dies"]; return s.Status == "exited" && s.ExitCode == 7 })
	if answers("dies") {
		t.Error("a dead container answers")
	}
}

func TestRestartPolicy(t *testing.T) {
	m := memory.New("web-1")
	m.AddImage("app:1", memory.ImageSpec{})
	m.BehaveImage("app:1", memory.Behaviour{Exits: true, ExitCode: 1})
	id := start(t, m, "loop", app.Container{Image: "app:1", Restart: app.Restart{Name: "always"}})
	eventually(t, "it is restarted", func() bool { return m.Containers()["loop"].Restarts >= 2 })
	if err := m.Host().Engine().ContainerStop(t.Context(), id, 0); err != nil {
		t.Fatal(err)
	}
	if status := m.Containers()["loop"].Status; status != "exited" {
		t.Errorf("a stopped container is %s", status)
	}
}

func TestFaults(t *testing.T) {
	m := memory.New("web-1")
	h := m.Host()
	ctx := t.Context()
	wrong := errors.New("wrong")
	list := func() error { _, err := h.Files().List(ctx, "."); return err }

	m.FailOnce("Files.List", wrong)
	if err := list(); !errors.Is(err, wrong) {
		t.Errorf("error = %v", err)
	}
	if err := list(); err != nil {
		t.Errorf("a fault that was to come once comes again: %v", err)
	}
	m.Unreachable(true)
	if err := list(); !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("error = %v, want ErrUnreachable", err)
	}
	m.Unreachable(false)
	m.StopEngine(true)
	if _, err := h.Engine().Info(ctx); !errors.Is(err, host.ErrNoDocker) {
		t.Errorf("error = %v, want ErrNoDocker", err)
	}
	m.StopEngine(false)
	m.Before(func(_ context.Context, op memory.Op) error {
		if op == (memory.Op{Name: "Files.Read", Subject: "a"}) {
			return wrong
		}
		return nil
	})
	if _, err := h.Files().Read(ctx, "a"); !errors.Is(err, wrong) {
		t.Errorf("error = %v", err)
	}
	if ops := m.Ops(); len(ops) != 5 || ops[4] != (memory.Op{Name: "Files.Read", Subject: "a"}) {
		t.Errorf("operations = %v", ops)
	}
}

func TestLoadNeedsOnlyTheLayersThatTheHostLacks(t *testing.T) {
	from, to := memory.New("here"), memory.New("web-1")
	image := from.AddImage("app:2", memory.ImageSpec{Layers: []string{"base", "two"}})
	to.AddImage("app:1", memory.ImageSpec{Layers: []string{"base", "one"}})
	ctx := t.Context()
	archive, err := from.Host().Engine().ImageSave(ctx, []string{"app:2"})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(archive)
	if err != nil {
		t.Fatal(err)
	}
	lacking := func(layer string) io.Reader { return without(t, whole, layer) }
	engine := to.Host().Engine()
	if err := engine.ImageLoad(ctx, lacking(image.Layers[1])); err == nil {
		t.Error("an image is loaded without a layer that the host lacks")
	}
	if err := engine.ImageLoad(ctx, lacking(image.Layers[0])); err != nil {
		t.Errorf("without the layer that the host has: %v", err)
	}
	if got, err := engine.ImageInspect(ctx, "app:2"); err != nil || got.ID != image.ID {
		t.Errorf("loaded %+v, %v", got, err)
	}
}

func TestPull(t *testing.T) {
	m := memory.New("web-1")
	published := m.Publish("registry.example.com/app:1", memory.ImageSpec{})
	m.BehaveImage("broken:1", memory.Behaviour{PullError: errors.New("no such host")})
	engine, ctx := m.Host().Engine(), t.Context()
	for _, ref := range []string{"registry.example.com/app:1", published.RepoDigest} {
		if err := engine.ImagePull(ctx, ref, host.PullOptions{}); err != nil {
			t.Errorf("pull %s: %v", ref, err)
		}
		if got, err := engine.ImageInspect(ctx, ref); err != nil || got.ID != published.ID {
			t.Errorf("%s is %+v, %v", ref, got, err)
		}
	}
	for _, ref := range []string{"broken:1", "absent:1"} {
		if err := engine.ImagePull(ctx, ref, host.PullOptions{}); err == nil {
			t.Errorf("%s is pulled", ref)
		}
	}
	if err := engine.ImagePull(ctx, "registry.example.com/app:1", host.PullOptions{Platform: "linux/arm64"}); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("another platform gives %v, want ErrNotFound", err)
	}
}

func TestRegistry(t *testing.T) {
	m := memory.New("web-1")
	const ref = "registry.example.com/app:1"
	first := m.Publish(ref, memory.ImageSpec{})
	second := m.Publish(ref, memory.ImageSpec{Labels: map[string]string{"version": "2"}})
	engine, ctx := m.Host().Engine(), t.Context()
	digest, err := engine.ImageResolve(ctx, ref, host.Login{})
	if err != nil || "registry.example.com/app@"+digest != second.RepoDigest || first.RepoDigest == second.RepoDigest {
		t.Errorf("resolved to %s, %v, not to %s", digest, err, second.RepoDigest)
	}
	if err := engine.ImagePull(ctx, first.RepoDigest, host.PullOptions{}); err != nil {
		t.Errorf("pull what a tag has left: %v", err)
	}
	if _, err := engine.ImageResolve(ctx, "registry.example.com/app:2", host.Login{}); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("a tag that is not there gives %v", err)
	}
	m.Guard("registry.example.com", "ci", "right")
	for password, want := range map[string]error{"": host.ErrDenied, "wrong": host.ErrDenied, "right": nil} {
		login := host.Login{Username: "ci", Password: secret.New(password)}
		_, resolved := engine.ImageResolve(ctx, ref, login)
		if pulled := engine.ImagePull(ctx, ref, host.PullOptions{Login: login}); !errors.Is(resolved, want) || !errors.Is(pulled, want) {
			t.Errorf("the password %q gives %v and %v, want %v", password, resolved, pulled, want)
		}
	}
}

func TestOpener(t *testing.T) {
	opener := memory.Opener(memory.New("web-1"), memory.New("web-2"))
	if h, err := opener.Open(t.Context(), app.Host{Name: "web-2", StateDir: "/srv/state"}); err != nil || h.Name() != "web-2" || h.Files().Root() != "/srv/state" {
		t.Errorf("opened %v, %v", h, err)
	}
	if _, err := opener.Open(t.Context(), app.Host{Name: "web-3"}); err == nil {
		t.Error("a machine is opened that is not there")
	}
}
