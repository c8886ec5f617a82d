package transfer

import (
	"context"
	"errors"
	"slices"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/chunk"
)

const (
	// chunks is the folder in a host's state folder for what the helper knows of the layers that it has loaded.
	chunks = "chunks"
	// indexLimit bounds an index that is fetched from a host, in bytes.
	indexLimit = 32 << 20
)

// hostChunks are the chunk indexes on a host. Whoever has them holds the lock for transfers.
type hostChunks struct {
	files host.Files
	names map[string]bool
}

// openHostChunks sees to it that the folder is there.
func openHostChunks(ctx context.Context, files host.Files) (*hostChunks, error) {
	names, err := files.List(ctx, chunks)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		const first = chunks + "/" + chunk.NewPrefix + "folder"
		if err := errors.Join(files.Write(ctx, first, nil, 0), files.Remove(ctx, first)); err != nil {
			return nil, err
		}
	}
	h := &hostChunks{files: files, names: map[string]bool{}}
	for _, name := range names {
		h.names[name] = true
	}
	return h, nil
}

// Tidy removes what a host knows of layers that no image has any more, and what a helper that was interrupted has left. A
// transfer that is under way may lose the knowledge of what it brings, so that a later one sends more.
func Tidy(ctx context.Context, h host.Host) error {
	names, err := h.Files().List(ctx, chunks)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !chunk.Made(name) })
	if len(names) == 0 {
		return nil
	}
	images, err := imagesOf(ctx, h.Engine())
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, image := range images {
		for _, layer := range image.Layers {
			keep[chunk.Name(layer)] = true
		}
	}
	for _, name := range names {
		if keep[name] {
			continue
		}
		if err := h.Files().Remove(ctx, chunks+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

// fetch has the host say what a layer is made of; nil where it does not know. One that is damaged is removed there.
func (h *hostChunks) fetch(ctx context.Context, layer string) (*chunk.Index, error) {
	name := chunk.Name(layer)
	if !h.names[name] {
		return nil, nil
	}
	path := chunks + "/" + name
	info, err := h.files.Stat(ctx, path)
	if err != nil {
		return nil, ignore(err, host.ErrNotFound)
	}
	var data []byte
	if info.Size <= indexLimit {
		if data, err = h.files.Read(ctx, path); err != nil {
			return nil, ignore(err, host.ErrNotFound)
		}
	}
	index, err := chunk.Decode(data, layer)
	if err != nil {
		return nil, h.remove(ctx, name)
	}
	return index, nil
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

func (h *hostChunks) remove(ctx context.Context, name string) error {
	if !h.names[name] {
		return nil
	}
	delete(h.names, name)
	return h.files.Remove(ctx, chunks+"/"+name)
}
