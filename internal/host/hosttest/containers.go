package hosttest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// labelled copies a container and gives it a label.
func labelled(c app.Container, label, value string) app.Container {
	c.Labels = maps.Clone(c.Labels)
	if c.Labels == nil {
		c.Labels = make(map[string]string)
	}
	c.Labels[label] = value
	return c
}

func create(ctx context.Context, t *testing.T, engine host.Engine, name string, c app.Container) string {
	t.Helper()
	id, err := engine.ContainerCreate(ctx, name, c)
	must(t, err)
	cleanup(t, func(ctx context.Context) error { return engine.ContainerRemove(ctx, id) })
	return id
}

func testContainers(t *testing.T, open func(t *testing.T) host.Host, world World) {
	engine := open(t).Engine()
	t.Run("life", func(t *testing.T) { testLife(t, engine, world) })
	t.Run("end", func(t *testing.T) { testEnd(t, engine, world) })
	t.Run("missing", func(t *testing.T) { testMissing(t, engine, world) })
	t.Run("ports", func(t *testing.T) { testPorts(t, engine, world) })
	t.Run("exec", func(t *testing.T) { testExec(t, engine, world) })
}

func testLife(t *testing.T, engine host.Engine, world World) {
	ctx := bounded(t)
	label, name := unique("label"), unique("runs")
	id := create(ctx, t, engine, name, labelled(world.Runs, label, "yes"))
	if _, err := engine.ContainerCreate(ctx, name, world.Runs); !errors.Is(err, host.ErrConflict) {
		t.Errorf("a second container of one name gives %v, want ErrConflict", err)
	}
	status := func(want string) app.ContainerState {
		t.Helper()
		state, err := engine.ContainerInspect(ctx, id)
		if err != nil || state.Status != want {
			t.Errorf("the container is %s, %v, want %s", state.Status, err, want)
		}
		return state
	}
	state := status("created")
	if state.Name != name || state.ID != id || state.Image != world.Runs.Image || state.Labels[label] != "yes" || state.ImageID == "" {
		t.Errorf("the container is %+v", state)
	}
	must(t, engine.ContainerStart(ctx, id))
	must(t, engine.ContainerStart(ctx, name))
	if state := status("running"); !state.Running() || state.StartedAt.IsZero() {
		t.Errorf("the container is %+v", state)
	}
	for value, want := range map[string]int{"yes": 1, "": 1, "no": 0} {
		found, err := engine.ContainerList(ctx, map[string]string{label: value})
		if err != nil || len(found) != want {
			t.Errorf("%d containers have the label with value %q, %v; want %d", len(found), value, err, want)
		}
	}
	eventually(ctx, t, "both lines are logged", func() bool {
		lines, err := engine.ContainerLogs(ctx, id, 10)
		must(t, err)
		return slices.Contains(lines, "out") && slices.Contains(lines, "err")
	})
	if lines, err := engine.ContainerLogs(ctx, id, 1); err != nil || len(lines) != 1 {
		t.Errorf("of the last line there are %q, %v", lines, err)
	}
	var stdout, stderr bytes.Buffer
	must(t, engine.ContainerFollow(ctx, id, host.FollowOptions{Tail: -1}, &stdout, &stderr))
	if stdout.String() != "out\n" || stderr.String() != "err\n" {
		t.Errorf("the streams are %q and %q", stdout.String(), stderr.String())
	}
	renamed := unique("renamed")
	must(t, engine.ContainerRename(ctx, id, renamed))
	if state, err := engine.ContainerInspect(ctx, renamed); err != nil || state.ID != id {
		t.Errorf("by its new name it is %+v, %v", state, err)
	}
	// Followers end with the container.
	followed := make(chan error, 1)
	go func() {
		followed <- engine.ContainerFollow(ctx, id, host.FollowOptions{Follow: true, Tail: 0}, &bytes.Buffer{}, &bytes.Buffer{})
	}()
	must(t, engine.ContainerStop(ctx, id, time.Second))
	must(t, engine.ContainerStop(ctx, id, time.Second))
	must(t, <-followed)
	if state := status("exited"); state.FinishedAt.IsZero() {
		t.Error("it does not say when it ended")
	}
	must(t, engine.ContainerStart(ctx, id))
	status("running")
	must(t, engine.ContainerKill(ctx, id, "SIGKILL"))
	if code, err := engine.ContainerWait(ctx, id); err != nil || code != 137 {
		t.Errorf("a killed container ends with %d, %v", code, err)
	}
	must(t, engine.ContainerRemove(ctx, id))
	must(t, engine.ContainerRemove(ctx, id))
	if _, err := engine.ContainerInspect(ctx, id); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("a removed container gives %v, want ErrNotFound", err)
	}
}

func testEnd(t *testing.T, engine host.Engine, world World) {
	ctx := bounded(t)
	id := create(ctx, t, engine, unique("exits"), world.Exits)
	must(t, engine.ContainerStart(ctx, id))
	if code, err := engine.ContainerWait(ctx, id); err != nil || code != 3 {
		t.Errorf("it ends with %d, %v", code, err)
	}
	state, err := engine.ContainerInspect(ctx, id)
	if err != nil || state.Status != "exited" || state.ExitCode != 3 || state.Running() {
		t.Errorf("the container is %+v, %v", state, err)
	}
	if lines, err := engine.ContainerLogs(ctx, id, 5); err != nil || !slices.Equal(lines, []string{"bye"}) {
		t.Errorf("it printed %q, %v", lines, err)
	}
	must(t, engine.ContainerStop(ctx, id, 0))

	runs := create(ctx, t, engine, unique("waits"), world.Runs)
	must(t, engine.ContainerStart(ctx, runs))
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := engine.ContainerWait(short, runs); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting in vain ends with %v", err)
	}
}

func testMissing(t *testing.T, engine host.Engine, world World) {
	ctx := bounded(t)
	none := unique("none")
	absent := world.Runs
	absent.Image = none + ":1"
	_, createErr := engine.ContainerCreate(ctx, unique("absent"), absent)
	_, inspectErr := engine.ContainerInspect(ctx, none)
	_, waitErr := engine.ContainerWait(ctx, none)
	_, logsErr := engine.ContainerLogs(ctx, none, 1)
	for what, err := range map[string]error{
		"create of an absent image": createErr,
		"inspect":                   inspectErr,
		"wait":                      waitErr,
		"logs":                      logsErr,
		"start":                     engine.ContainerStart(ctx, none),
		"stop":                      engine.ContainerStop(ctx, none, 0),
		"kill":                      engine.ContainerKill(ctx, none, "SIGTERM"),
		"rename":                    engine.ContainerRename(ctx, none, unique("new")),
	} {
		if !errors.Is(err, host.ErrNotFound) {
			t.Errorf("%s of what is missing gives %v, want ErrNotFound", what, err)
		}
	}
	if err := engine.ContainerRemove(ctx, none); err != nil {
		t.Errorf("removing what is missing gives %v", err)
	}
}

func testPorts(t *testing.T, engine host.Engine, world World) {
	ctx := bounded(t)
	published := world.Runs
	published.Ports = []app.Port{{HostIP: "127.0.0.1", Target: 80}}
	first := create(ctx, t, engine, unique("port"), published)
	must(t, engine.ContainerStart(ctx, first))
	state, err := engine.ContainerInspect(ctx, first)
	if err != nil || len(state.Ports) != 1 || state.Ports[0].Target != 80 || state.Ports[0].Published == "" {
		t.Fatalf("the published ports are %+v, %v", state.Ports, err)
	}
	published.Ports = []app.Port{{HostIP: "127.0.0.1", Target: 80, Published: state.Ports[0].Published}}
	second := create(ctx, t, engine, unique("port"), published)
	if err := engine.ContainerStart(ctx, second); !errors.Is(err, host.ErrPortTaken) {
		t.Errorf("a taken port gives %v, want ErrPortTaken", err)
	}
	must(t, engine.ContainerStop(ctx, first, 0))
	must(t, engine.ContainerStart(ctx, second))
}
