package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"slices"
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
	// Begin, where it is set, is told the bundle's length before its first byte.
	Begin func(length int64)
	// Watch, where it is set, sees each layer that goes whole.
	Watch Watch
}

// Watch is shown a layer on its way: w, which may be nil, is written its content, and done is called after that.
type Watch func(layer string, size int64) (w io.Writer, done func(whole bool))

// Layer is one of a saved image.
type Layer struct {
	Digest string // "sha256:…"
	Size   int64  // bytes, uncompressed

	from   Stored
	number int
}

// Read has read read the layer's content.
func (l Layer) Read(read func(content io.Reader) error) error { return l.from.Read(l.number, read) }

// Stored is an image whose parts can be read when they are wanted. Its layers go by their numbers, base first.
type Stored interface {
	// Config is the image's configuration.
	Config() []byte
	// Size is the length of a layer, uncompressed.
	Size(layer int) (int64, error)
	// Read has read read a layer's content, uncompressed. It may be called more than once.
	Read(layer int, read func(content io.Reader) error) error
}

// Write makes a bundle of what an engine saved, which it reads to its end. scratch is an empty file that grows to the
// size of the image at most; its content is of no use afterwards. An archive that is no image, or whose layers are not
// what their digests say, is ErrMalformed; what has been written by then is of no use.
func Write(w io.Writer, from io.Reader, scratch *os.File, image Image) error {
	if err := image.check(); err != nil {
		return err
	}
	s, err := readSaved(from, scratch, image)
	if err != nil {
		return fmt.Errorf("bundle %s: %w", image.Ref, err)
	}
	return WriteStored(w, s, image)
}

// WriteStored is Write for an image that is stored; the bundle is the same.
func WriteStored(w io.Writer, from Stored, image Image) error {
	if err := image.check(); err != nil {
		return err
	}
	if err := image.write(tar.NewWriter(w), from); err != nil {
		return fmt.Errorf("bundle %s: %w", image.Ref, err)
	}
	return nil
}

func (image Image) check() error {
	if image.Held < 0 || image.Held > len(image.Layers) {
		return fmt.Errorf("bundle %s: %d of %d layers are left out", image.Ref, image.Held, len(image.Layers))
	}
	return nil
}

func (image Image) write(out *tar.Writer, from Stored) error {
	c, err := parseConfiguration(from.Config())
	if err != nil {
		return err
	}
	if !slices.Equal(c.RootFS.Layers, image.Layers) {
		return malformed("its layers are others than the wanted ones")
	}
	sizes := make([]int64, len(image.Layers))
	for i := range sizes {
		if sizes[i], err = from.Size(i); err != nil {
			return err
		}
	}
	ref := image.Ref
	if strings.Contains(ref, "@") {
		ref = "" // a digest is no name that an image can be given
	}
	parts, err := documents(ref, from.Config(), sizes)
	if err != nil {
		return err
	}
	layers := image.missing(from, sizes)
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
	if image.Begin != nil {
		length, err := lengthOf(parts, layers, plan)
		if err != nil {
			return err
		}
		image.Begin(length)
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

// lengthOf is the length of a bundle.
func lengthOf(parts []document, layers []Layer, plan delta.Plan) (int64, error) {
	total := int64(2 * tarBlock) // its end
	add := func(name string, size int64) error {
		var head bytes.Buffer
		if err := tar.NewWriter(&head).WriteHeader(header(name, size)); err != nil {
			return err
		}
		total += int64(head.Len()) + (size+tarBlock-1)/tarBlock*tarBlock
		return nil
	}
	for _, part := range parts {
		if err := add(part.name, int64(len(part.data))); err != nil {
			return 0, err
		}
	}
	for _, l := range layers {
		name, size := blobs, l.Size
		if parts, ok := plan.Parts[l.Digest]; ok {
			name, size = deltas, delta.Length(parts)
		}
		if err := add(name+strings.TrimPrefix(l.Digest, "sha256:"), size); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// tarBlock is what all in an archive is padded to, in bytes.
const tarBlock = 512

// missing are the layers that are not left out, each once.
func (image Image) missing(from Stored, sizes []int64) (layers []Layer) {
	written := map[string]bool{}
	for i := image.Held; i < len(image.Layers); i++ {
		if digest := image.Layers[i]; !written[digest] {
			written[digest] = true
			layers = append(layers, Layer{Digest: digest, Size: sizes[i], from: from, number: i})
		}
	}
	return layers
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
