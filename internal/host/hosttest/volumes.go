package hosttest

import (
	"context"
	"errors"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

func testVolumes(t *testing.T, open func(t *testing.T) host.Host, world World) {
	ctx := bounded(t)
	engine := open(t).Engine()
	label, name := unique("label"), unique("volume")
	must(t, engine.VolumeCreate(ctx, name, app.Volume{Labels: map[string]string{label: "yes"}}))
	cleanup(t, func(ctx context.Context) error {
		if err := engine.VolumeRemove(ctx, name); !errors.Is(err, host.ErrNotFound) {
			return err
		}
		return nil
	})
	state, err := engine.VolumeInspect(ctx, name)
	if err != nil || state.Name != name || state.Labels[label] != "yes" || state.Driver != "local" {
		t.Errorf("the volume is %+v, %v", state, err)
	}
	if err := engine.VolumeCreate(ctx, name, app.Volume{}); !errors.Is(err, host.ErrConflict) {
		t.Errorf("a second volume of one name gives %v, want ErrConflict", err)
	}
	if found, err := engine.VolumeList(ctx, map[string]string{label: "yes"}); err != nil || len(found) != 1 {
		t.Errorf("%d volumes have the label, %v", len(found), err)
	}
	mounted := world.Runs
	mounted.Mounts = []app.Mount{{Type: "volume", Source: name, Target: "/data"}}
	container := create(ctx, t, engine, unique("mounted"), mounted)
	if err := engine.VolumeRemove(ctx, name); err == nil {
		t.Error("a volume is removed under its container")
	}
	must(t, engine.ContainerRemove(ctx, container))
	must(t, engine.VolumeRemove(ctx, name))
	for what, err := range map[string]error{
		"inspect": func() error { _, err := engine.VolumeInspect(ctx, name); return err }(),
		"remove":  engine.VolumeRemove(ctx, name),
	} {
		if !errors.Is(err, host.ErrNotFound) {
			t.Errorf("%s of a removed volume gives %v, want ErrNotFound", what, err)
		}
	}
}
