package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/longshore-dev/longshore/internal/edge/edgeimage"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/spool"
)

// upload is the way through a file on the host, which goes on where it was interrupted, and a helper there that checks
// the file and has the engine load it.
type upload struct {
	*shipment
	helper *edgeimage.Image
}

func (u upload) carry(ctx context.Context, held int) error {
	b, err := u.bundles.Get(ctx, u.key(held), u.bundleOf(ctx, held))
	if err != nil {
		return fmt.Errorf("make what %s lacks of the image of %s: %w", u.in.Host.Name, u.in.Service, err)
	}
	defer b.Close()
	err = u.deliver(ctx, b)
	if errors.Is(err, errCorrupt) {
		// It may have been left so by another time. What is new has no such excuse.
		if err = u.to.Files().Remove(ctx, u.part(b)); err == nil {
			err = u.deliver(ctx, b)
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
		return stream{u.shipment}.carry(ctx, held)
	case errors.Is(err, host.ErrDiskFull):
		// Nothing goes on before somebody has made room, of which this takes a part.
		return errors.Join(err, u.to.Files().Remove(ctx, u.part(b)))
	case err == nil, errors.Is(err, errRefused):
		return errors.Join(err, u.clean(ctx, b))
	}
	return err
}

// key names all that decides a bundle's bytes.
func (u upload) key(held int) string {
	return fmt.Sprint("1 ", u.in.Builder.Name, " ", u.in.Builder.Address, " ", u.image.ID, " ", u.image.Ref, " ", held)
}

// deliver uploads what is not there yet, and has it loaded.
func (u upload) deliver(ctx context.Context, b *spool.Bundle) error {
	offset, err := u.arrivedSoFar(ctx, b)
	if err != nil {
		return err
	}
	// The engine holds the archive and the layers at once, beside the upload.
	if err := u.checkRoom(ctx, room{engine: 2 * b.Plain, state: b.Size - offset}); err != nil {
		return err
	}
	if offset < b.Size {
		var sent atomic.Int64
		source := counter{paced{ctx, b.Read(offset), u.limit}, func(n int) { u.progress(ctx, offset+sent.Add(int64(n)), b.Size) }}
		err := u.to.Files().Put(ctx, u.part(b), offset, source, b.Size-offset)
		u.sent += sent.Load()
		if err != nil {
			return err
		}
	}
	return u.load(ctx, b)
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

// clean removes the upload, and those that nobody has gone on with.
func (u upload) clean(ctx context.Context, b *spool.Bundle) error {
	if err := u.to.Files().Remove(ctx, u.part(b)); err != nil {
		return err
	}
	if err := removeOld(ctx, u.to.Files()); err != nil {
		return err
	}
	return u.bundles.Prune()
}
