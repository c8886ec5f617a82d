package transfer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge/edgeimage"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/bundle"
	"github.com/longshore-dev/longshore/internal/image/delta"
	"github.com/longshore-dev/longshore/internal/image/spool"
)

// upload is the way through a file on the host, which goes on where it was interrupted, and a helper there that checks
// the file and has the engine load it.
type upload struct {
	*shipment
	helper *edgeimage.Image
	// engineDir is the folder of the host's engine, where the helper can read layers in it; else empty.
	engineDir string
}

func (u upload) carry(ctx context.Context, held int, deltas bool) error {
	known, err := openHostChunks(ctx, u.to.Files())
	if err != nil {
		return err
	}
	var offers []offer
	if deltas {
		if offers, err = u.offers(ctx, known, held); err != nil {
			return err
		}
	}
	err = u.send(ctx, held, offers)
	if errors.Is(err, errBase) {
		u.remark("a layer that it holds is not what it was taken for, so the missing layers went over whole")
		if err := u.forget(ctx, known, offers); err != nil {
			return err
		}
		err = u.send(ctx, held, nil)
	}
	if err == nil || errors.Is(err, errRefused) {
		err = errors.Join(err, u.clean(ctx))
	}
	return err
}

// cargo is a bundle on its way.
type cargo struct {
	*spool.Bundle
	spool.Promise
	about
	// images are those of the host that hold the bases.
	images []app.Image
	// saves says that the engine has to save them for it.
	saves bool
}

// send brings the missing layers to the host, as deltas where the offers make that worth while.
func (u upload) send(ctx context.Context, held int, offers []offer) error {
	b, err := u.bundles.Get(ctx, u.key(held, offers), u.write(held, offers))
	if err != nil {
		return err
	}
	defer b.Close()
	promise, err := b.Promise(ctx)
	if err != nil {
		return u.making(err)
	}
	c, err := u.cargo(b, promise)
	if err != nil {
		return err
	}
	err = u.deliver(ctx, c)
	if errors.Is(err, errCorrupt) {
		// It may have been left so by another time. What is new has no such excuse.
		if err = u.to.Files().Remove(ctx, u.part(b)); err == nil {
			err = u.deliver(ctx, c)
		}
	}
	switch {
	case errors.Is(err, errCorrupt):
		whole, failure := b.Whole(ctx)
		if failure == nil {
			failure = u.bundles.Discard(whole)
		}
		return errors.Join(err, failure, u.to.Files().Remove(ctx, u.part(b)))
	case errors.Is(err, errNoHelper):
		u.remark("the helper that goes on after an interruption cannot run there (" + err.Error() + ")")
		if err := u.to.Files().Remove(ctx, u.part(b)); err != nil {
			return err
		}
		return stream{u.shipment}.carry(ctx, held, false)
	case errors.Is(err, host.ErrDiskFull):
		// Nothing goes on before somebody has made room, of which this takes a part.
		return errors.Join(u.full(ctx, c, err), u.to.Files().Remove(ctx, u.part(b)))
	case err == nil, errors.Is(err, errRefused), errors.Is(err, errBase):
		return errors.Join(err, u.to.Files().Remove(ctx, u.part(b)))
	}
	return err
}

// making is the error of a bundle that could not be made, which has nothing to do with the host that it was for.
func (u upload) making(err error) error {
	err = fmt.Errorf("make what %s lacks of the image of %s: %w", u.in.Host.Name, u.in.Service, err)
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return failing.With(app.Failure{
		Kind: app.KindDisk, Service: u.in.Service,
		Message: "the worker's own disk is full: " + err.Error(),
		Advice:  "Free some space where the worker keeps its state, and deploy again.",
	}, nil)
}

// key names all that decides a bundle's bytes.
func (u upload) key(held int, offers []offer) string {
	key := fmt.Sprint("2 ", u.in.Builder.Name, " ", u.in.Builder.Address, " ", u.image.ID, " ", u.image.Ref, " ", held)
	for _, o := range offers {
		key += " " + o.key()
	}
	return key
}

// write makes the bundle.
func (u upload) write(held int, offers []offer) spool.Write {
	return func(ctx context.Context, w io.Writer, scratch *os.File, promise func(spool.Promise)) error {
		p := planning{turn: u.planTurn, chunks: u.chunks, offers: offers}
		var failure error
		plan := func(layers []bundle.Layer) (delta.Plan, error) { return p.plan(ctx, layers) }
		image := bundle.Image{Held: held, Plan: plan, Begin: func(length int64) {
			text, err := json.Marshal(p.about)
			failure = err
			promise(spool.Promise{Plain: length, About: string(text)})
		}}
		return errors.Join(u.bundle(ctx, w, scratch, image), failure)
	}
}

// cargo finds what a bundle needs on this host.
func (u upload) cargo(b *spool.Bundle, promise spool.Promise) (cargo, error) {
	c := cargo{Bundle: b, Promise: promise}
	if err := json.Unmarshal([]byte(promise.About), &c.about); err != nil {
		return c, fmt.Errorf("read what a bundle is made of: %w", err)
	}
	c.images, c.saves = cover(c.Bases, u.held), u.engineDir == ""
	return c, nil
}

// sendAtLeast is how much of a bundle that is still being made goes out at once: pieces of this size hardly take longer
// than all at once.
const sendAtLeast = 16 * host.PutBlock

// deliver uploads what is not there yet, and has it loaded.
func (u upload) deliver(ctx context.Context, c cargo) error {
	there, err := u.arrivedSoFar(ctx, c.Bundle)
	if err != nil {
		return err
	}
	offset := there / host.PutBlock * host.PutBlock
	if err := u.hasRoom(ctx, c, offset); err != nil {
		return err
	}
	for {
		end, whole, err := c.Reach(ctx, max(there, offset+sendAtLeast))
		switch {
		case err != nil:
			return u.making(err)
		case !whole:
			end = end / host.PutBlock * host.PutBlock
		case there == end:
			offset = end
		case there > end: // of something else
			if err := u.to.Files().Remove(ctx, u.part(c.Bundle)); err != nil {
				return err
			}
			there, offset = 0, 0
			continue
		}
		if offset < end {
			if err := u.put(ctx, c, offset, end); err != nil {
				return err
			}
			offset = end
		}
		if whole {
			return u.load(ctx, c)
		}
	}
}

// put sends a piece of a bundle.
func (u upload) put(ctx context.Context, c cargo, from, to int64) error {
	var sent atomic.Int64
	source := counter{paced{ctx, c.Read(from, to), u.limit}, func(n int) { u.progress(ctx, from+sent.Add(int64(n)), c.Expected()) }}
	err := u.to.Files().Put(ctx, u.part(c.Bundle), from, source, to-from)
	u.sent += sent.Load()
	return err
}

// hasRoom refuses a bundle that the host has no room for, of which offset bytes are there.
func (u upload) hasRoom(ctx context.Context, c cargo, offset int64) error {
	err := u.checkRoom(ctx, c.room(c.Plain-offset))
	if err == nil {
		return nil
	}
	// It takes less than its plain size; how much is known at its end.
	whole, err := c.Whole(ctx)
	if err != nil {
		return err
	}
	return u.checkRoom(ctx, c.room(whole.Size-offset))
}

// full says where the room went that there was at first. It may be back by now.
func (u upload) full(ctx context.Context, c cargo, cause error) error {
	there, err := u.arrivedSoFar(ctx, c.Bundle)
	if err == nil {
		err = u.hasRoom(ctx, c, there)
	}
	return cmp.Or(err, fmt.Errorf("the disk was full for a while: %w", cause))
}

// room is what the rest of the way takes, with so many bytes to send. The engine holds the archive and the layers at
// once, beside the upload. What is copied from lies in the engine's temporary files, and the layers of it in ours.
func (c cargo) room(left int64) room {
	need := room{engine: 2 * (c.Plain + c.Rebuilt), state: max(0, left)}
	if c.saves {
		for _, image := range c.images {
			need.engine += image.Size
		}
	}
	for _, base := range c.Bases {
		need.state += base.Size
	}
	return need
}

// arrivedSoFar is how much of an upload is on the host.
func (u upload) arrivedSoFar(ctx context.Context, b *spool.Bundle) (int64, error) {
	part, err := u.to.Files().Stat(ctx, u.part(b))
	if errors.Is(err, host.ErrNotFound) {
		return 0, nil
	}
	return part.Size, err
}

// part is the upload's place in the host's state folder.
func (u upload) part(b *spool.Bundle) string { return incoming + "/" + u.partName(b) }

func (u upload) partName(b *spool.Bundle) string {
	return partPrefix(u.in.Site) + b.Name + partSuffix
}

// clean removes the uploads that nobody has gone on with.
func (u upload) clean(ctx context.Context) error {
	if err := removeOld(ctx, u.to.Files()); err != nil {
		return err
	}
	return errors.Join(u.bundles.Prune(), u.chunks.Prune())
}
