package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// defaultGrace is the engine's own time between a stop signal and SIGKILL.
const defaultGrace = 10 * time.Second

// container finds one by id or name. The machine is locked.
func (e *engine) container(id string) (*container, error) {
	for _, c := range e.machine.containers {
		if c.id == id || c.name == id || len(id) >= 12 && strings.HasPrefix(c.id, id) {
			c.advance(time.Now())
			return c, nil
		}
	}
	return nil, e.fail(host.ErrNotFound, "container "+id)
}

// ContainerCreate makes a container.
func (e *engine) ContainerCreate(ctx context.Context, name string, c app.Container) (string, error) {
	if _, err := e.begin(ctx, "ContainerCreate", name); err != nil {
		return "", err
	}
	m := e.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(c.Files) > 0 {
		return "", e.fail(host.ErrInvalid, "container "+name+" has files that are no mounts")
	}
	if len(c.Secrets) > 0 {
		return "", e.fail(host.ErrInvalid, "container "+name+" has secrets that are neither mounts nor variables")
	}
	for _, known := range m.containers {
		if known.name == name {
			return "", e.fail(host.ErrConflict, "container "+name)
		}
	}
	found := m.findImage(c.Image)
	if found == nil {
		return "", e.fail(host.ErrNotFound, "image "+c.Image)
	}
	made := &container{
		id: m.id("container"), name: name, spec: c, imageID: found.info.ID, status: created, created: time.Now(),
		endpoints: make(map[string]*endpoint),
	}
	attachments := c.Networks
	if len(attachments) == 0 && (c.NetworkMode == "" || c.NetworkMode == "bridge") {
		attachments = []app.Attachment{{Network: "bridge"}}
	}
	for _, a := range attachments {
		wish, err := wished(a)
		if err != nil {
			return "", e.fail(host.ErrInvalid, err.Error())
		}
		made.endpoints[a.Network] = &endpoint{wish: wish}
	}
	for _, mount := range c.Mounts {
		if mount.Type == "volume" && mount.Source != "" {
			if _, ok := m.volumes[mount.Source]; !ok {
				m.volumes[mount.Source] = app.VolumeState{Name: mount.Source, Driver: "local"}
			}
		}
	}
	m.containers[made.id] = made
	return made.id, nil
}

// ContainerStart starts a container.
func (e *engine) ContainerStart(ctx context.Context, id string) error {
	line, err := e.begin(ctx, "ContainerStart", id)
	if err != nil {
		return err
	}
	m := e.machine
	m.mu.Lock()
	c, err := e.container(id)
	if err != nil {
		m.mu.Unlock()
		return err
	}
	does := m.behaviourOf(c.spec)
	m.mu.Unlock()
	if err := e.host.pause(ctx, line, does.StartDelay); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, err = e.container(id); err != nil || c.status == running || c.status == restarting {
		return err
	}
	c.does, c.stopped, c.restarts = does, false, 0
	if does.StartError != nil {
		return e.startFailed(c, does.StartError)
	}
	if err := e.plugIn(c); err != nil {
		return e.startFailed(c, err)
	}
	c.begin(time.Now())
	m.changed()
	return nil
}

// startFailed leaves a container as the engine does: never started, with the reason.
func (e *engine) startFailed(c *container, err error) error {
	c.code, c.failure, c.ports = 128, err.Error(), nil
	for _, point := range c.endpoints {
		point.address = noAddress
	}
	return fmt.Errorf("%s: start container %s: %w", e.machine.name, c.name, err)
}

// ContainerStop stops a container.
func (e *engine) ContainerStop(ctx context.Context, id string, grace time.Duration) error {
	line, err := e.begin(ctx, "ContainerStop", id)
	if err != nil {
		return err
	}
	m := e.machine
	m.mu.Lock()
	c, err := e.container(id)
	if err != nil {
		m.mu.Unlock()
		return err
	}
	c.stopped = true
	if c.status == restarting {
		c.end(c.finishedAt, c.code)
	}
	if grace < 0 {
		grace = cmp.Or(c.spec.StopGrace, defaultGrace)
	}
	stubborn := c.status == running && c.does.IgnoresStop
	m.mu.Unlock()
	if stubborn {
		if err := e.host.pause(ctx, line, grace); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c.advance(time.Now())
	if c.status == running {
		code := 0
		if stubborn {
			code = 137
		}
		c.end(time.Now(), code)
	}
	m.changed()
	return nil
}

// ContainerKill ends a container, unless the signal is one that leaves processes alone.
func (e *engine) ContainerKill(ctx context.Context, id, signal string) error {
	if _, err := e.begin(ctx, "ContainerKill", id); err != nil {
		return err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	c, err := e.container(id)
	if err != nil {
		return err
	}
	if c.status != running {
		return fmt.Errorf("%s: container %s is not running", e.machine.name, id)
	}
	c.stopped = true
	switch strings.TrimPrefix(signal, "SIG") {
	case "KILL", "":
		c.end(time.Now(), 137)
	case "TERM", "INT", "QUIT":
		if !c.does.IgnoresStop {
			c.end(time.Now(), 0)
		}
	}
	e.machine.changed()
	return nil
}

// ContainerRemove removes a container.
func (e *engine) ContainerRemove(ctx context.Context, id string) error {
	if _, err := e.begin(ctx, "ContainerRemove", id); err != nil {
		return err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	c, err := e.container(id)
	if errors.Is(err, host.ErrNotFound) {
		return nil
	}
	if c.status == running || c.status == restarting {
		c.stopped = true
		c.end(time.Now(), 137)
	}
	delete(e.machine.containers, c.id)
	e.machine.changed()
	return nil
}

// ContainerRename gives a container another name.
func (e *engine) ContainerRename(ctx context.Context, id, name string) error {
	if _, err := e.begin(ctx, "ContainerRename", id); err != nil {
		return err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	c, err := e.container(id)
	if err != nil {
		return err
	}
	if other, err := e.container(name); err == nil && other != c {
		return e.fail(host.ErrConflict, "container "+name)
	}
	c.name = name
	return nil
}

// ContainerInspect looks at a container.
func (e *engine) ContainerInspect(ctx context.Context, id string) (app.ContainerState, error) {
	if _, err := e.begin(ctx, "ContainerInspect", id); err != nil {
		return app.ContainerState{}, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	c, err := e.container(id)
	if err != nil {
		return app.ContainerState{}, err
	}
	return c.state(), nil
}

// ContainerList lists containers by name.
func (e *engine) ContainerList(ctx context.Context, labels map[string]string) ([]app.ContainerState, error) {
	if _, err := e.begin(ctx, "ContainerList", ""); err != nil {
		return nil, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	var states []app.ContainerState
	for _, c := range e.machine.containers {
		if carries(c.spec.Labels, labels) {
			c.advance(time.Now())
			states = append(states, c.state())
		}
	}
	slices.SortFunc(states, func(a, b app.ContainerState) int { return cmp.Compare(a.Name, b.Name) })
	return states, nil
}

// ContainerWait waits until a container does not run.
func (e *engine) ContainerWait(ctx context.Context, id string) (int, error) {
	line, err := e.begin(ctx, "ContainerWait", id)
	if err != nil {
		return 0, err
	}
	code := 0
	var missing error
	err = e.host.await(ctx, line, func() (bool, time.Duration) {
		c, err := e.container(id)
		if err != nil {
			missing = err
			return true, 0
		}
		code = c.code
		return c.status != running, c.until(time.Now())
	})
	return code, errors.Join(err, missing)
}
