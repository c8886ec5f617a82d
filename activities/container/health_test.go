package container_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/container"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

var site = app.Site{Org: "default", Project: "shop", Name: "production"}

// patient is started on a machine, to be asked after.
type patient struct {
	*memory.Machine
	activities container.Activities
	in         activities.HealthInput
}

// start has a machine run a container that behaves so.
func start(t *testing.T, b memory.Behaviour, c app.Container) patient {
	t.Helper()
	m := memory.New("web-1")
	m.AddImage("web:1", memory.ImageSpec{})
	m.BehaveImage("web:1", b)
	c.Image, c.Labels = "web:1", map[string]string{app.LabelSite: site.String(), app.LabelService: "web"}
	engine := m.Host().Engine()
	id, err := engine.ContainerCreate(t.Context(), "web-1-a", c)
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.ContainerStart(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return patient{m, container.Activities{Hosts: memory.Opener(m)}, activities.HealthInput{
		Target: activities.Target{Host: app.Host{Name: "web-1"}, Site: site}, Service: "web", Containers: []string{"web-1-a"},
		Health: app.Health{Within: 60 * time.Millisecond, StableFor: 40 * time.Millisecond, Interval: time.Millisecond},
	}}
}

func kindOf(err error) string {
	if err == nil {
		return ""
	}
	return activities.FailureOf(err).Kind
}

func TestAwaitHealthy(t *testing.T) {
	check := app.Container{Healthcheck: &app.Healthcheck{Test: []string{"CMD", "up"}}}
	crashes := app.Container{Restart: app.Restart{Name: "always"}}
	for _, c := range []struct {
		name      string
		does      memory.Behaviour
		container app.Container
		oneShot   bool
		kind      string
	}{
		{"runs", memory.Behaviour{}, app.Container{}, false, ""},
		{"gets healthy", memory.Behaviour{HealthyAfter: 10 * time.Millisecond}, check, false, ""},
		{"never healthy", memory.Behaviour{NeverHealthy: true}, check, false, app.KindUnhealthy},
		{"ends", memory.Behaviour{Exits: true, ExitCode: 3}, app.Container{}, false, app.KindExited},
		{"ends well, but is no job", memory.Behaviour{Exits: true}, app.Container{}, false, app.KindExited},
		{"is restarted", memory.Behaviour{Exits: true, ExitCode: 1}, crashes, false, app.KindExited},
		{"a job that ends well", memory.Behaviour{Exits: true, After: 5 * time.Millisecond}, app.Container{}, true, ""},
		{"a job that fails", memory.Behaviour{Exits: true, ExitCode: 1}, app.Container{}, true, app.KindExited},
		{"a job that does not end", memory.Behaviour{}, app.Container{}, true, app.KindUnhealthy},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.does.Stdout = []string{"last words"}
			p := start(t, c.does, c.container)
			p.in.OneShot = c.oneShot
			_, err := p.activities.AwaitHealthy(t.Context(), p.in)
			if kindOf(err) != c.kind {
				t.Fatalf("%v", err)
			}
			if err == nil {
				return
			}
			f := activities.FailureOf(err)
			if f.Host != "web-1" || f.Service != "web" || !slices.Contains(f.Logs, "last words") || f.Advice == "" {
				t.Errorf("%+v", f)
			}
			if exited := c.kind == app.KindExited; f.Exited != exited || (exited && f.ExitCode != c.does.ExitCode) {
				t.Errorf("%+v", f)
			}
		})
	}
}

// A container that Docker had restarted before it was touched is none that does not stay up.
func TestRestartsOfBeforeDoNotCount(t *testing.T) {
	t.Parallel()
	p := start(t, memory.Behaviour{Exits: true, ExitCode: 1, After: 200 * time.Millisecond}, app.Container{Restart: app.Restart{Name: "always"}})
	look := func() app.ContainerState { return p.Containers()["web-1-a"] }
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		before := look()
		if before.Restarts == 0 || !before.Running() {
			continue
		}
		p.in.Restarts = []int{before.Restarts}
		_, err := p.activities.AwaitHealthy(t.Context(), p.in)
		if after := look(); after.Restarts != before.Restarts || !after.Running() {
			continue // it was restarted while it was asked after
		}
		if err != nil {
			t.Fatal(err)
		}
		p.in.Restarts[0]--
		if _, err := p.activities.AwaitHealthy(t.Context(), p.in); kindOf(err) != app.KindExited {
			t.Errorf("one restart more: %v", err)
		}
		return
	}
	t.Fatal("it was never seen running after a restart")
}

func TestMissingContainer(t *testing.T) {
	p := start(t, memory.Behaviour{}, app.Container{})
	p.in.Containers = append(p.in.Containers, "gone")
	if _, err := p.activities.AwaitHealthy(t.Context(), p.in); kindOf(err) != app.KindMissing || !strings.Contains(err.Error(), "gone") {
		t.Error(err)
	}
	p.in.Site.Name = "staging" // whose the container is not
	p.in.Containers = []string{"web-1-a"}
	if _, err := p.activities.AwaitHealthy(t.Context(), p.in); kindOf(err) != app.KindMissing {
		t.Error(err)
	}
}

func TestAwaitStable(t *testing.T) {
	check := app.Container{Healthcheck: &app.Healthcheck{Test: []string{"CMD", "up"}}}
	crashes := app.Container{Restart: app.Restart{Name: "always"}}
	for _, c := range []struct {
		name      string
		does      memory.Behaviour
		container app.Container
		kind      string
	}{
		{"stays", memory.Behaviour{}, check, ""},
		{"turns unhealthy", memory.Behaviour{UnhealthyAfter: 10 * time.Millisecond}, check, app.KindUnhealthy},
		{"ends", memory.Behaviour{Exits: true, After: 10 * time.Millisecond, ExitCode: 1}, app.Container{}, app.KindExited},
		{"crashes and is restarted", memory.Behaviour{Exits: true, After: 10 * time.Millisecond, ExitCode: 1}, crashes, app.KindExited},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, c.does, c.container)
			begun := time.Now()
			_, err := p.activities.AwaitStable(t.Context(), p.in)
			if kindOf(err) != c.kind {
				t.Error(err)
			}
			if err == nil && time.Since(begun) < p.in.Health.StableFor {
				t.Errorf("watched for %s only", time.Since(begun))
			}
		})
	}
}

func TestWatchingIsCancelled(t *testing.T) {
	p := start(t, memory.Behaviour{}, app.Container{})
	p.in.Health.StableFor = time.Hour
	ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Millisecond, context.Canceled)
	defer cancel()
	if _, err := p.activities.AwaitStable(ctx, p.in); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestHostIsLostWhileWatched(t *testing.T) {
	p := start(t, memory.Behaviour{}, app.Container{})
	p.Unreachable(true)
	_, err := p.activities.AwaitHealthy(t.Context(), p.in)
	if kindOf(err) != app.KindUnreachable || app.Permanent(kindOf(err)) {
		t.Errorf("%v: the container is not to blame", err)
	}
}
