package bundle

import (
	"archive/tar"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/longshore-dev/longshore/internal/image/delta"
)

// Image says which image to bundle, and for whom.
type Image struct {
	// Ref is the name that it gets where it is loaded.
	Ref string
	// Layers are the digests ("sha256:…") of its uncompressed layers, base first.
	Layers []string
	// Held is how many of them to leave out, from the base on.
	Held int
	// Plan, where it is set, chooses the layers that go as deltas, of those that are not left out.
	Plan func(layers []Layer) (delta.Plan, error)
	// Watch, where it is set, sees each layer that goes whole.
	Watch Watch
}

// Watch is shown a layer on its way: w, which may be nil, is written its content, and done is called after that.
type Watch func(layer string, size int64) (w io.Writer, done func(whole bool))

// Layer is one of a saved image.
type Layer struct {
	Digest string // "sha256:…"
	Size   int64  // bytes, uncompressed

	saved *saved
	name  string
}

// Read has read read the layer's content.
func (l Layer) Read(read func(content io.Reader) error) error {
	packed, err := l.saved.open(l.name)
	if err != nil {
		return err
	}
	content, closing, err := plain(packed)
	if err != nil {
		return err
	}
	defer closing()
	return read(content)
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
	if err := s.write(tar.NewWriter(w), image); err != nil {
		return fmt.Errorf("bundle %s: %w", image.Ref, err)
	}
	return nil
}

func (s *saved) write(out *tar.Writer, image Image) error {
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
	layers := s.missing(image.Held, sizes)
	var plan delta.Plan
	if image.Plan != nil {
		if plan, err = image.Plan(layers); err != nil {
			return err
		}
	}
	if len(plan.Bases) > 0 {
		bases, err := basesDocument(plan.Bases)
		if err != nil {
			return err
		}
		parts = append(parts, bases)
	}
	for _, part := range parts {
		if err := out.WriteHeader(header(part.name, int64(len(part.data)))); err != nil {
			return err
		}
		if _, err := out.Write(part.data); err != nil {
			return err
		}
	}
	for _, l := range layers {
		if parts, ok := plan.Parts[l.Digest]; ok {
			err = l.writeDelta(out, parts)
		} else {
			err = l.write(out, image.Watch)
		}
		if err != nil {
			return err
		}
	}
	return out.Close()
}

// missing are the layers that are not left out, each once.
func (s *saved) missing(held int, sizes []int64) (layers []Layer) {
	written := map[string]bool{}
	for i := held; i < len(s.layers); i++ {
		if digest := s.layers[i]; !written[digest] {
			written[digest] = true
			layers = append(layers, Layer{Digest: digest, Size: sizes[i], saved: s, name: s.manifest.Layers[i]})
		}
	}
	return layers
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

func (l Layer) write(out *tar.Writer, watch Watch) error {
	sum, err := hexOf(l.Digest)
	if err != nil {
		return err
	}
	if err := out.WriteHeader(header(blobs+sum, l.Size)); err != nil {
		return err
	}
	return l.Read(func(content io.Reader) error { return copySummed(out, content, l.Digest, l.Size, watch) })
}

func (l Layer) writeDelta(out *tar.Writer, parts []delta.Part) error {
	sum, err := hexOf(l.Digest)
	if err != nil {
		return err
	}
	if err := out.WriteHeader(header(deltas+sum, delta.Length(parts))); err != nil {
		return err
	}
	return l.Read(func(content io.Reader) error {
		digest := sha256.New()
		if err := delta.Write(out, parts, io.TeeReader(content, digest)); err != nil {
			return err
		}
		return proved(digest, l.Digest)
	})
}
