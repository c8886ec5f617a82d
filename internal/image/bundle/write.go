package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Image says which image to bundle, and for whom.
type Image struct {
	// Ref is the name that it gets where it is loaded.
	Ref string
	// Layers are the digests ("sha256:…") of its uncompressed layers, base first.
	Layers []string
	// Held is how many of them to leave out, from the base on.
	Held int
}

// Write makes a bundle of what an engine saved, which it reads to its end. scratch is an empty file that grows to the
// size of the image at most; its content is of no use afterwards. An archive that is no image, or whose layers are not
// what their digests say, is ErrMalformed; what has been written by then is of no use.
func Write(w io.Writer, from io.Reader, scratch *os.File, image Image) error {
	if image.Held < 0 || image.Held > len(image.Layers) {
		return fmt.Errorf("bundle %s: %d of %d layers are left out", image.Ref, image.Held, len(image.Layers))
	}
	s, err := readSaved(from, scratch, image)
	if err != nil {
		return fmt.Errorf("bundle %s: %w", image.Ref, err)
	}
	if err := s.write(w, image); err != nil {
		return fmt.Errorf("bundle %s: %w", image.Ref, err)
	}
	return nil
}

func (s *saved) write(w io.Writer, image Image) error {
	sizes := make([]int64, len(s.layers))
	for i, name := range s.manifest.Layers {
		var err error
		if sizes[i], err = s.size(name); err != nil {
			return err
		}
	}
	ref := image.Ref
	if strings.Contains(ref, "@") {
		ref = "" // a digest is no name that an image can be given
	}
	parts, err := documents(ref, s.config, sizes)
	if err != nil {
		return err
	}
	out := tar.NewWriter(w)
	for _, part := range parts {
		if err := out.WriteHeader(header(part.name, int64(len(part.data)))); err != nil {
			return err
		}
		if _, err := out.Write(part.data); err != nil {
			return err
		}
	}
	written := map[string]bool{}
	for i := image.Held; i < len(s.layers); i++ {
		if layer := s.layers[i]; !written[layer] {
			written[layer] = true
			if err := s.writeLayer(out, s.manifest.Layers[i], layer, sizes[i]); err != nil {
				return err
			}
		}
	}
	return out.Close()
}

// size is that of an uncompressed layer. One that is compressed is unpacked for it.
func (s *saved) size(name string) (int64, error) {
	if at, ok := s.files[s.place(name)]; ok && at.offset < 0 {
		return at.size, nil
	}
	packed, err := s.open(name)
	if err != nil {
		return 0, err
	}
	layer, closing, err := plain(packed)
	if err != nil {
		return 0, err
	}
	defer closing()
	if layer == io.Reader(packed) {
		return packed.Size(), nil
	}
	size, err := io.Copy(io.Discard, layer)
	if err != nil {
		return 0, malformed("unpacking %.200q: %v", name, err)
	}
	return size, nil
}

func (s *saved) writeLayer(out *tar.Writer, from, layer string, size int64) error {
	packed, err := s.open(from)
	if err != nil {
		return err
	}
	r, closing, err := plain(packed)
	if err != nil {
		return err
	}
	defer closing()
	sum, err := hexOf(layer)
	if err != nil {
		return err
	}
	if err := out.WriteHeader(header(blobs+sum, size)); err != nil {
		return err
	}
	return copySummed(out, r, layer, sum)
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// plain unpacks a layer that is compressed, as the containerd image store keeps them.
func plain(layer *io.SectionReader) (r io.Reader, closing func(), err error) {
	magic := make([]byte, len(zstdMagic))
	n, err := layer.ReadAt(magic, 0)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	switch magic = magic[:n]; {
	case bytes.HasPrefix(magic, gzipMagic):
		unpacked, err := gzip.NewReader(bufio.NewReaderSize(layer, 64<<10))
		if err != nil {
			return nil, nil, malformed("a compressed layer: %v", err)
		}
		return unpacked, func() {}, nil
	case bytes.HasPrefix(magic, zstdMagic):
		unpacked, err := zstd.NewReader(layer, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, malformed("a compressed layer: %v", err)
		}
		return unpacked, unpacked.Close, nil
	}
	return layer, func() {}, nil
}
