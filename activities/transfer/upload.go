package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge/edgeimage"
	"github.com/longshore-dev/longshore/internal/host"
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
		err = errors.Join(err, u.clean(ctx, known))
	}
	return err
}

// cargo is a bundle on its way.
type cargo struct {
	*spool.Bundle
	about
	// images are those of the host that hold the bases.
	images []app.Image
	// saves says that the engine has to save them for it.
	saves bool
}

// send brings the missing layers to the host, as deltas where the offers make that worth while.
func (u upload) send(ctx context.Context, held int, offers []offer) error {
	b, err := u.bundles.Get(ctx, u.key(held, offers), u.write(ctx, held, offers))
	if err != nil {
		return fmt.Errorf("make what %s lacks of the image of %s: %w", u.in.Host.Name, u.in.Service, err)
	}
	defer b.Close()
	c, err := u.cargo(b)
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
		return errors.Join(err, u.bundles.Discard(b), u.to.Files().Remove(ctx, u.part(b)))
	case errors.Is(err, errNoHelper):
		u.remark("the helper that goes on after an interruption cannot run there (" + err.Error() + ")")
		if err := u.to.Files().Remove(ctx, u.part(b)); err != nil {
			return err
		}
		return stream{u.shipment}.carry(ctx, held, false)
	case errors.Is(err, host.ErrDiskFull):
		// Nothing goes on before somebody has made room, of which this takes a part.
		return errors.Join(err, u.to.Files().Remove(ctx, u.part(b)))
	case err == nil, errors.Is(err, errRefused), errors.Is(err, errBase):
		return errors.Join(err, u.to.Files().Remove(ctx, u.part(b)))
	}
	return err
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
func (u upload) write(ctx context.Context, held int, offers []offer) spool.Write {
	return func(w io.Writer, scratch *os.File) (string, error) {
		p := planning{chunks: u.chunks, offers: offers}
		if err := u.bundle(ctx, w, scratch, held, p.plan); err != nil {
			return "", err
		}
		text, err := json.Marshal(p.about)
		return string(text), err
	}
}

// cargo finds what a bundle needs on this host.
func (u upload) cargo(b *spool.Bundle) (cargo, error) {
	c := cargo{Bundle: b}
	if err := json.Unmarshal([]byte(b.About), &c.about); err != nil {
		return c, fmt.Errorf("read what a bundle is made of: %w", err)
	}
	c.images, c.saves = cover(c.Bases, u.held), u.engineDir == ""
	return c, nil
}

// deliver uploads what is not there yet, and has it loaded.
func (u upload) deliver(ctx context.Context, c cargo) error {
	offset, err := u.arrivedSoFar(ctx, c.Bundle)
	if err != nil {
		return err
	}
	if err := u.checkRoom(ctx, c.room(offset)); err != nil {
		return err
	}
	if offset < c.Size {
		var sent atomic.Int64
		source := counter{paced{ctx, c.Read(offset), u.limit}, func(n int) { u.progress(ctx, offset+sent.Add(int64(n)), c.Size) }}
		err := u.to.Files().Put(ctx, u.part(c.Bundle), offset, source, c.Size-offset)
		u.sent += sent.Load()
		if err != nil {
			return err
		}
	}
	return u.load(ctx, c)
}

// room is what the rest of the way takes. The engine holds the archive and the layers at once, beside the upload. What
// is copied from lies in the engine's temporary files, and the layers of it in ours.
func (c cargo) room(offset int64) room {
	need := room{engine: 2 * (c.Plain + c.Rebuilt), state: c.Size - offset}
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

// arrivedSoFar is the offset to go on from.
func (u upload) arrivedSoFar(ctx context.Context, b *spool.Bundle) (int64, error) {
	part, err := u.to.Files().Stat(ctx, u.part(b))
	switch {
	case errors.Is(err, host.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case part.Size == b.Size:
		return b.Size, nil
	case part.Size > b.Size:
		return 0, u.to.Files().Remove(ctx, u.part(b))
	}
	return part.Size / host.PutBlock * host.PutBlock, nil
}

// part is the upload's place in the host's state folder.
func (u upload) part(b *spool.Bundle) string { return incoming + "/" + u.partName(b) }

func (u upload) partName(b *spool.Bundle) string {
	return partPrefix(u.in.Site) + b.Digest + partSuffix
}

// clean removes the uploads that nobody has gone on with, and the indexes of layers that are gone.
func (u upload) clean(ctx context.Context, known *hostChunks) error {
	if err := removeOld(ctx, u.to.Files()); err != nil {
		return err
	}
	if err := known.prune(ctx, append(u.held, u.image)); err != nil {
		return err
	}
	return errors.Join(u.bundles.Prune(), u.chunks.Prune())
}
