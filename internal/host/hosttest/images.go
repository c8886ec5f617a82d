package hosttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/host"
)

func testImages(t *testing.T, open func(t *testing.T) host.Host, world World) {
	ctx := bounded(t)
	engine := open(t).Engine()
	info, err := engine.Info(ctx)
	if err != nil || info.OS != "linux" || info.Architecture == "" || info.Version == "" {
		t.Fatalf("the engine says of itself %+v, %v", info, err)
	}
	image, err := engine.ImageInspect(ctx, world.Runs.Image)
	must(t, err)
	if !strings.HasPrefix(image.ID, "sha256:") || image.OS != "linux" || len(image.Layers) == 0 || image.Architecture != info.Architecture {
		t.Errorf("the image is %+v", image)
	}
	if _, err := engine.ImageInspect(ctx, unique("none")+":1"); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("a missing image gives %v, want ErrNotFound", err)
	}
	nowhere := "127.0.0.1:1/" + unique("none") + ":1"
	if digest, err := engine.ImageResolve(ctx, nowhere, host.Login{}); err == nil {
		t.Errorf("where no registry is, %s stands for %q", nowhere, digest)
	}
	if err := engine.ImagePull(ctx, nowhere, host.PullOptions{}); err == nil {
		t.Error("an image is pulled where no registry is")
	}
	must(t, engine.ImageRemove(ctx, unique("none")+":1"))
	if err := engine.ImageTag(ctx, unique("none")+":1", unique("none")+":2"); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("tagging a missing image gives %v, want ErrNotFound", err)
	}

	ref := unique("image") + ":1"
	cleanup(t, func(ctx context.Context) error { return engine.ImageRemove(ctx, ref) })
	must(t, engine.ImageTag(ctx, world.Runs.Image, ref))
	tagged, err := engine.ImageInspect(ctx, ref)
	if err != nil || tagged.ID != image.ID || !slices.Contains(tagged.Tags, ref) {
		t.Errorf("the tag leads to %+v, %v", tagged, err)
	}
	if all, err := engine.ImageList(ctx, nil); err != nil || len(all) == 0 {
		t.Errorf("%d images are listed, %v", len(all), err)
	}
	if none, err := engine.ImageList(ctx, map[string]string{unique("label"): "x"}); err != nil || len(none) != 0 {
		t.Errorf("a label that no image has finds %d images, %v", len(none), err)
	}

	saved, err := engine.ImageSave(ctx, []string{ref})
	must(t, err)
	data, err := io.ReadAll(saved)
	must(t, errors.Join(err, saved.Close()))
	must(t, engine.ImageRemove(ctx, ref))
	if _, err := engine.ImageInspect(ctx, ref); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("a removed tag gives %v, want ErrNotFound", err)
	}
	must(t, engine.ImageLoad(ctx, bytes.NewReader(data)))
	loaded, err := engine.ImageInspect(ctx, ref)
	if err != nil || loaded.ID != image.ID || !slices.Equal(loaded.Layers, image.Layers) {
		t.Errorf("what was saved loads as %+v, %v", loaded, err)
	}
	if err := engine.ImageLoad(ctx, strings.NewReader("no archive")); err == nil {
		t.Error("what is no archive is loaded")
	}
	if missing, err := engine.ImageSave(ctx, []string{unique("none") + ":1"}); err == nil {
		_, err = io.Copy(io.Discard, missing)
		must(t, missing.Close())
		if err == nil {
			t.Error("a missing image is saved")
		}
	}
}
