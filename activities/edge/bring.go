package edge

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge/edgeimage"
	"github.com/longshore-dev/longshore/internal/host"
)

// Bring has a host hold the edge's image. It needs no registry: the worker has it. What is sent is read through the
// reader that through makes; nil is as fast as can be.
func Bring(ctx context.Context, h host.Host, image *edgeimage.Image, through func(io.Reader) io.Reader) error {
	_, err := h.Engine().ImageInspect(ctx, image.Ref)
	if !errors.Is(err, host.ErrNotFound) {
		return err
	}
	if err := roomFor(ctx, h, image); err != nil {
		return err
	}
	heartbeat.Report(ctx, activities.Beat{Total: image.Size, Unit: "bytes", Note: "the edge's image"})
	tar := image.Tar()
	if through != nil {
		tar = through(tar)
	}
	return h.Engine().ImageLoad(ctx, tar)
}

// roomFor refuses an edge that the host has no room for.
func roomFor(ctx context.Context, h host.Host, image *edgeimage.Image) error {
	info, err := h.Engine().Info(ctx)
	if err != nil {
		return err
	}
	free, err := h.Files().FreeBytes(ctx, info.RootDir)
	if err != nil {
		return err
	}
	need := 2 * image.Size // the engine holds the archive and the layers at once
	if free >= need {
		return nil
	}
	return failing.With(app.Failure{
		Kind: app.KindDisk, Host: h.Name(),
		Message: fmt.Sprintf("the edge needs %d MiB on %s (%s), and %d MiB are free", need>>20, h.Name(), info.RootDir, free>>20),
		Advice:  "Free some space, for example with docker system prune, and deploy again.",
	}, nil)
}
