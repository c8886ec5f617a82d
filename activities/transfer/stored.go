package transfer

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/longshore-dev/longshore/internal/image/bundle"
	"github.com/longshore-dev/longshore/internal/image/classic"
)

// storage is how this worker comes by images on its own machine's engine.
type storage struct {
	// saves is set once an image could not be read out of the engine's folder, though it was found there: from then on the
	// engine saves them.
	saves atomic.Bool
}

// stored finds the image in the folder of the builder's engine; nil where there is no such folder, or this user may not
// read it.
func (s *shipment) stored(ctx context.Context) *classic.Image {
	if !s.in.Builder.Local() || s.storage.saves.Load() {
		return nil
	}
	info, err := s.from.Engine().Info(ctx)
	if err != nil || info.Containerd || info.StorageDriver != classic.Driver {
		return nil
	}
	image, err := classic.New(info.RootDir).Image(s.image.ID, s.image.Layers)
	if err != nil {
		return nil
	}
	return image
}

// bundleStored is bundle for an image that is stored. Where it fails, the next attempt asks the engine.
func (s *shipment) bundleStored(ctx context.Context, w io.Writer, stored *classic.Image, image bundle.Image) error {
	err := bundle.WriteStored(until{ctx, w}, stored, image)
	if err != nil && ctx.Err() == nil {
		s.storage.saves.Store(true)
	}
	return err
}

// until is a writer that fails from the end of a context on.
type until struct {
	ctx context.Context
	w   io.Writer
}

func (u until) Write(p []byte) (int, error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	return u.w.Write(p)
}
