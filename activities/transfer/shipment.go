package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/time/rate"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/bundle"
)

// shipment is an image's way to a host that lacks it.
type shipment struct {
	Activities
	in       activities.TransferInput
	from, to host.Host
	image    app.Image

	// held are the images on the host.
	held  []app.Image
	limit *rate.Limiter // of what is sent
	sent  int64
	note  string
}

const noteRefused = "its engine does not take the missing layers alone, so the whole image went over"

// run sends the image, and answers it as the host holds it then.
func (s *shipment) run(ctx context.Context) (app.Image, error) {
	leave, err := s.turns.take(ctx, s.in.Host.Address+" "+s.in.Host.Name)
	if err != nil {
		return app.Image{}, err
	}
	defer leave()
	var have app.Image
	err = host.WithLock(ctx, s.to.Files(), sendLock, false, sendLockWait, func(ctx context.Context) error {
		// Somebody else may have brought it meanwhile.
		found, there, err := present(ctx, s.to, s.image)
		if err == nil && !there {
			if err = s.send(ctx); err == nil {
				found, err = arrived(ctx, s.to, s.in, s.image)
			}
		}
		have = found
		return err
	})
	return have, err
}

// send has the host load the layers that it lacks, or the whole image where its engine takes no less.
func (s *shipment) send(ctx context.Context) error {
	info, err := s.to.Engine().Info(ctx)
	if err != nil {
		return err
	}
	if s.held, err = imagesOf(ctx, s.to.Engine()); err != nil {
		return err
	}
	held := bundle.Held(s.image.Layers, heldChains(s.held, info.Containerd))
	way, err := s.way(ctx, info)
	if err != nil {
		return err
	}
	err = way.carry(ctx, held, true)
	if errors.Is(err, errRefused) && held > 0 {
		s.remark(noteRefused)
		err = way.carry(ctx, 0, false)
	}
	return err
}

// remark adds to what the run says of this transfer.
func (s *shipment) remark(why string) {
	s.note = fmt.Sprintf("%s on %s: %s", s.in.Service, s.in.Host.Name, why)
}

// way is a way to a host. carry leaves held layers out, and ends with errRefused where the engine does not take that. With
// deltas, it may send layers as what they differ in from others.
type way interface {
	carry(ctx context.Context, held int, deltas bool) error
}

var errRefused = errors.New("the engine refuses the image")

// progress tells how far the transfer is.
func (s *shipment) progress(ctx context.Context, done, total int64) {
	heartbeat.Report(ctx, activities.Beat{
		Done: done, Total: total, Saved: max(0, s.image.Size-total), Unit: "bytes", Note: s.in.Service,
	})
}

// bundle writes the image as a bundle that leaves out what how does.
func (s *shipment) bundle(ctx context.Context, w io.Writer, scratch *os.File, how bundle.Image) error {
	image := how
	image.Ref, image.Layers = s.image.Ref, s.image.Layers
	if s.chunks != nil {
		image.Watch = s.chunks.Watch
	}
	if stored := s.stored(ctx); stored != nil {
		return s.bundleStored(ctx, w, stored, image)
	}
	saved, err := s.from.Engine().ImageSave(ctx, []string{s.image.Ref})
	if err != nil {
		return err
	}
	defer saved.Close()
	return bundle.Write(w, saved, scratch, image)
}

// counter counts what is read through it.
type counter struct {
	reader io.Reader
	read   func(n int)
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	c.read(n)
	return n, err
}
