package transfer

import (
	"context"
	"errors"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/chunk"
)

const (
	// chunks is the folder in a host's state folder for what the helper knows of the layers that it has loaded.
	chunks      = "chunks"
	chunksAbout = "README"
	// indexLimit bounds an index that is fetched from a host, in bytes.
	indexLimit = 32 << 20
)

const chunksText = `What the layers of images on this host are made of, so that Longshore sends only what is new in the next ones.
Nothing is lost with this folder but that knowledge.
`

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
		if err := files.Write(ctx, chunks+"/"+chunksAbout, []byte(chunksText), 0o644); err != nil {
			return nil, err
		}
	}
	h := &hostChunks{files: files, names: map[string]bool{}}
	for _, name := range names {
		h.names[name] = true
	}
	return h, nil
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

// prune removes the indexes of layers that none of the images has, and what a helper that was interrupted has left.
func (h *hostChunks) prune(ctx context.Context, images []app.Image) error {
	keep := map[string]bool{}
	for _, image := range images {
		for _, layer := range image.Layers {
			keep[chunk.Name(layer)] = true
		}
	}
	for name := range h.names {
		if chunk.Made(name) && !keep[name] {
			if err := h.remove(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}
