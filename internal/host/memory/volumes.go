package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// VolumeCreate makes a volume.
func (e *engine) VolumeCreate(ctx context.Context, name string, v app.Volume) error {
	if _, err := e.begin(ctx, "VolumeCreate", name); err != nil {
		return err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	if _, ok := e.machine.volumes[name]; ok {
		return e.fail(host.ErrConflict, "volume "+name)
	}
	e.machine.volumes[name] = app.VolumeState{Name: name, Driver: cmp.Or(v.Driver, "local"), Labels: v.Labels}
	return nil
}

// VolumeInspect looks at a volume.
func (e *engine) VolumeInspect(ctx context.Context, name string) (app.VolumeState, error) {
	if _, err := e.begin(ctx, "VolumeInspect", name); err != nil {
		return app.VolumeState{}, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	v, ok := e.machine.volumes[name]
	if !ok {
		return app.VolumeState{}, e.fail(host.ErrNotFound, "volume "+name)
	}
	return v, nil
}

// VolumeList lists volumes by name.
func (e *engine) VolumeList(ctx context.Context, labels map[string]string) ([]app.VolumeState, error) {
	if _, err := e.begin(ctx, "VolumeList", ""); err != nil {
		return nil, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	var states []app.VolumeState
	for _, v := range e.machine.volumes {
		if carries(v.Labels, labels) {
			states = append(states, v)
		}
	}
	slices.SortFunc(states, func(a, b app.VolumeState) int { return cmp.Compare(a.Name, b.Name) })
	return states, nil
}

// VolumeRemove removes a volume that no container has.
func (e *engine) VolumeRemove(ctx context.Context, name string) error {
	if _, err := e.begin(ctx, "VolumeRemove", name); err != nil {
		return err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	if _, ok := e.machine.volumes[name]; !ok {
		return e.fail(host.ErrNotFound, "volume "+name)
	}
	for _, c := range e.machine.containers {
		if slices.ContainsFunc(c.spec.Mounts, func(m app.Mount) bool { return m.Type == "volume" && m.Source == name }) {
			return fmt.Errorf("%s: volume %s is in use by container %s", e.machine.name, name, c.name)
		}
	}
	delete(e.machine.volumes, name)
	return nil
}
