package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"

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
	out := tar.NewWriter(w)
	list := manifest{Config: sumOf(s.config) + ".json", RepoTags: []string{image.Ref}, Layers: []string{}}
	for _, layer := range s.layers {
		name, err := hexOf(layer)
		if err != nil {
			return err
		}
		list.Layers = append(list.Layers, name+".tar")
	}
	text, err := json.Marshal([]manifest{list})
	if err != nil {
		return err
	}
	for _, document := range []struct {
		name string
		data []byte
	}{{manifestName, text}, {list.Config, s.config}} {
		if err := out.WriteHeader(header(document.name, int64(len(document.data)))); err != nil {
			return err
		}
		if _, err := out.Write(document.data); err != nil {
			return err
		}
	}
	written := map[string]bool{}
	for i := image.Held; i < len(s.layers); i++ {
		if name := list.Layers[i]; !written[name] {
			written[name] = true
			if err := s.writeLayer(out, s.manifest.Layers[i], name); err != nil {
				return err
			}
		}
	}
	return out.Close()
}

func (s *saved) writeLayer(out *tar.Writer, from, name string) error {
	packed, err := s.open(from)
	if err != nil {
		return err
	}
	layer, closing, err := plain(packed)
	if err != nil {
		return err
	}
	defer closing()
	size := packed.Size()
	if layer != io.Reader(packed) {
		// An archive's header comes before its content: the size is found by unpacking once for nothing.
		if size, err = io.Copy(io.Discard, layer); err != nil {
			return malformed("unpacking %.200q: %v", from, err)
		}
		if _, err := packed.Seek(0, io.SeekStart); err != nil {
			return err
		}
		again, closing, err := plain(packed)
		if err != nil {
			return err
		}
		defer closing()
		layer = again
	}
	if err := out.WriteHeader(header(name, size)); err != nil {
		return err
	}
	return copySummed(out, layer, name, name[:2*sha256.Size])
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
