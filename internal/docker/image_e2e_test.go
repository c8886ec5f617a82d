//go:build e2e

package docker_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

func TestImageSaveLoad(t *testing.T) {
	e, ctx := local(t), t.Context()
	ref := image(t, e)
	before, err := e.ImageInspect(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := e.ImageList(ctx, map[string]string{"dev.longshore.dockertest": ""})
	if err != nil || len(listed) != 1 || listed[0].ID != before.ID {
		t.Errorf("list: %+v, %v", listed, err)
	}
	body, err := e.ImageSave(ctx, []string{ref})
	if err != nil {
		t.Fatal(err)
	}
	saved, err := io.ReadAll(body)
	body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.ImageRemove(ctx, ref); err != nil {
		t.Fatal(err)
	}
	if err := e.ImageLoad(ctx, bytes.NewReader(saved)); err != nil {
		t.Fatal(err)
	}
	after, err := e.ImageInspect(ctx, ref)
	if err != nil || after.ID != before.ID || len(after.Layers) != 1 || after.Architecture == "" {
		t.Errorf("after: %+v, %v", after, err)
	}

	var broken bytes.Buffer
	writeTar(t, &broken, map[string][]byte{"manifest.json": []byte(`[{"Config":"none.json","Layers":[]}]`)})
	if err := e.ImageLoad(ctx, &broken); err == nil {
		t.Error("a broken archive was loaded")
	} else {
		t.Log(err)
	}
	id := create(t, e, "longshore-test-used", app.Container{Image: ref})
	if err := e.ImageRemove(ctx, ref); err != nil {
		t.Errorf("removing a used image: %v", err)
	}
	if state, err := e.ContainerInspect(ctx, id); err != nil || state.ImageID != before.ID {
		t.Errorf("its container: %+v, %v", state, err)
	}
}

func TestPullOfNothing(t *testing.T) {
	err := local(t).ImagePull(t.Context(), "127.0.0.1:1/none:1", host.PullOptions{})
	if err == nil {
		t.Fatal("pulled from no registry")
	}
	t.Log(err)
}
