package load

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/longshore-dev/longshore/internal/image/classic"
	"github.com/longshore-dev/longshore/internal/image/delta"
)

// keeping looks for layers.
type keeping struct {
	file    *os.File
	end     int64 // of what is kept
	missing map[string]delta.Base
	found   map[string]int64 // offsets, by layer
}

// stored looks for layers in the engine's folder. What it does not find there the engine has to save.
func (k *keeping) stored(o Options) error {
	if o.Engine == "" {
		return nil
	}
	for _, id := range o.Images {
		image, layers, err := classic.New(o.Engine).Find(id)
		if err != nil {
			continue
		}
		for i, layer := range layers {
			if _, wanted := k.missing[layer]; !wanted {
				continue
			}
			if err := image.Read(i, k.keep); err != nil {
				return err
			}
		}
	}
	return nil
}

// saved looks for layers in what the engine saves.
func (k *keeping) saved(ctx context.Context, engine *http.Client, images []string) error {
	saved, err := save(ctx, engine, images)
	if err != nil {
		return err
	}
	defer saved.Close()
	archive := tar.NewReader(saved)
	for len(k.missing) > 0 {
		entry, err := archive.Next()
		if err != nil {
			return fmt.Errorf("%w: looking for %d layers in what the engine saves: %w", delta.ErrBase, len(k.missing), err)
		}
		if err := k.consider(entry, archive); err != nil {
			return err
		}
	}
	return nil
}

// consider keeps a file if it is a layer that is missing, packed or not. Engines name them in many ways, and say which
// is which in the end only, so that the SHA-256 tells.
func (k *keeping) consider(entry *tar.Header, content io.Reader) error {
	if entry.Typeflag != tar.TypeReg {
		return nil
	}
	in := bufio.NewReaderSize(content, 64<<10)
	magic, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: read what the engine saves: %w", delta.ErrBase, err)
	}
	switch {
	case k.wants(entry):
		return k.keep(in)
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil // it only looks like one
		}
		return k.keep(unpacked)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		unpacked, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(unpackMemory))
		if err != nil {
			return nil // it only looks like one
		}
		defer unpacked.Close()
		return k.keep(unpacked)
	}
	return nil
}

// wants tells whether a file may be a layer as it is.
func (k *keeping) wants(entry *tar.Header) bool {
	if _, ok := k.missing["sha256:"+strings.TrimPrefix(entry.Name, "blobs/sha256/")]; ok {
		return true
	}
	for _, base := range k.missing {
		if base.Size == entry.Size {
			return true
		}
	}
	return false
}

// keep keeps content that is a missing layer. Other content, also such as cannot be read, takes no room in the end.
func (k *keeping) keep(content io.Reader) error {
	most := int64(0)
	for _, base := range k.missing {
		most = max(most, base.Size)
	}
	sum := sha256.New()
	to := &failing{w: io.NewOffsetWriter(k.file, k.end)}
	n, err := io.Copy(io.MultiWriter(to, sum), io.LimitReader(content, most+1))
	if to.err != nil {
		return fmt.Errorf("keep the layers to copy from: %w", to.err)
	}
	layer := "sha256:" + hex.EncodeToString(sum.Sum(nil))
	base, ok := k.missing[layer]
	if err != nil || !ok || base.Size != n {
		return nil
	}
	delete(k.missing, layer)
	k.found[layer] = k.end
	k.end += n
	return nil
}

// failing remembers an error of the file's, to tell it from those of what is read.
type failing struct {
	w   io.Writer
	err error
}

func (f *failing) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	f.err = err
	return n, err
}
