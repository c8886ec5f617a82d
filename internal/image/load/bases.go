package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"

	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/delta"
)

// bases are layers of the engine's, one after the other in a file that has no name and goes when it is closed.
type bases struct {
	file    *os.File
	sources []delta.Source
}

// fetch gets the wanted layers out of images of the engine's. What cannot be had is delta.ErrBase.
func fetch(ctx context.Context, engine *http.Client, o Options, wanted []delta.Base) (*bases, error) {
	file, err := os.CreateTemp(o.Chunks, chunk.NewPrefix)
	if err != nil {
		return nil, fmt.Errorf("keep the layers to copy from: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("keep the layers to copy from: %w", err), file.Close())
	}
	b := &bases{file: file, sources: make([]delta.Source, len(wanted))}
	if err := b.fill(ctx, engine, o, wanted); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return b, nil
}

func (b *bases) fill(ctx context.Context, engine *http.Client, o Options, wanted []delta.Base) error {
	k := keeping{file: b.file, missing: map[string]delta.Base{}, found: map[string]int64{}}
	for _, base := range wanted {
		k.missing[base.Layer] = base
	}
	if err := k.stored(o); err != nil {
		return err
	}
	if len(k.missing) > 0 {
		if err := k.saved(ctx, engine, o.Images); err != nil {
			return err
		}
	}
	for i, base := range wanted {
		b.sources[i] = delta.Source{ReaderAt: io.NewSectionReader(b.file, k.found[base.Layer], base.Size), Size: base.Size}
	}
	return nil
}

// save begins to save images of the engine's.
func save(ctx context.Context, engine *http.Client, images []string) (io.ReadCloser, error) {
	query := url.Values{"names": images}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/images/get?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := engine.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the engine to save images: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		said, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		return nil, errors.Join(fmt.Errorf("%w: the engine does not save it: %s: %s", delta.ErrBase, response.Status, said),
			err, response.Body.Close())
	}
	return response.Body, nil
}
