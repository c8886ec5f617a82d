package bundle

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/longshore-dev/longshore/internal/image/delta"
)

// Reader reads a bundle and refuses what is none: other names, other kinds of files, documents that we would not write,
// content that its name does not tell, a layer that the configuration does not know. That is ErrMalformed.
type Reader struct {
	raw   io.Reader
	in    *tar.Reader
	parts []document
	bases []delta.Base
	sizes map[string]int64 // of the layers, by digest

	first *tar.Header // after the documents; nil at the end
}

// Open reads a bundle up to its layers.
func Open(r io.Reader) (*Reader, error) {
	b := &Reader{raw: r, in: tar.NewReader(r)}
	err := b.documents()
	if err == nil {
		b.first, err = b.next()
	}
	if err == nil && b.first != nil && b.first.Name == basesName {
		if err = b.readBases(); err == nil {
			b.first, err = b.next()
		}
	}
	if err != nil {
		return nil, reading(err)
	}
	return b, nil
}

// Bases are the layers that its deltas copy from; none where it has no deltas.
func (b *Reader) Bases() []delta.Base { return b.bases }

// Options are for Copy.
type Options struct {
	// Bases are the contents of the Reader's Bases.
	Bases []delta.Source
	// Rebuilt bounds the bytes of the layers that are made of deltas.
	Rebuilt int64
	// Watch, where it is set, sees each layer.
	Watch Watch
}

// Copy writes the bundle with whole layers in the place of deltas, once. What was written before an error must not be
// used: its end is missing. What comes out is safe to give to an engine, whatever goes in.
func (b *Reader) Copy(w io.Writer, o Options) error {
	if len(o.Bases) != len(b.bases) {
		return fmt.Errorf("copy a bundle: it has %d bases, not %d", len(b.bases), len(o.Bases))
	}
	if err := b.copy(tar.NewWriter(w), o); err != nil {
		return reading(err)
	}
	n, err := io.Copy(io.Discard, b.raw)
	if err == nil && n > 0 {
		err = malformed("%d bytes after its end", n)
	}
	return reading(err)
}

// reading words an error.
func reading(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, tar.ErrHeader), errors.Is(err, delta.ErrMalformed):
		return fmt.Errorf("read a bundle: %w: %w", ErrMalformed, err)
	default:
		return fmt.Errorf("read a bundle: %w", err)
	}
}

func (b *Reader) copy(out *tar.Writer, o Options) error {
	for _, part := range b.parts {
		if err := out.WriteHeader(header(part.name, int64(len(part.data)))); err != nil {
			return err
		}
		if _, err := out.Write(part.data); err != nil {
			return err
		}
	}
	var err error
	for entry := b.first; entry != nil && err == nil; entry, err = b.next() {
		if err := b.layer(out, entry, &o); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// layer copies or rebuilds a layer.
func (b *Reader) layer(out *tar.Writer, entry *tar.Header, o *Options) error {
	sum, whole := strings.CutPrefix(entry.Name, blobs)
	if !whole {
		sum = strings.TrimPrefix(entry.Name, deltas)
	}
	digest := "sha256:" + sum
	size, known := b.sizes[digest]
	if !known || (whole && size != entry.Size) || (!whole && entry.Name != deltas+sum) {
		return malformed("%.80q of %d bytes is none of its layers, or there twice", entry.Name, entry.Size)
	}
	delete(b.sizes, digest)
	if err := out.WriteHeader(header(blobs+sum, size)); err != nil {
		return err
	}
	if whole {
		return copySummed(out, b.in, digest, size, o.Watch)
	}
	if o.Rebuilt -= size; o.Rebuilt < 0 {
		return malformed("its deltas make more than was said")
	}
	return summed(out, digest, size, o.Watch, func(w io.Writer) error { return delta.Apply(w, b.in, size, o.Bases) })
}

// documentCount is how many documents a bundle begins with; the configuration and the image's manifest follow the list.
const documentCount = 5

// documents reads the documents, which have to be those that we would write.
func (b *Reader) documents() error {
	for range documentCount {
		entry, err := b.next()
		if err == nil && entry == nil {
			err = malformed("it ends among its documents")
		}
		if err != nil {
			return err
		}
		data, err := b.document(entry, documentLimit)
		if err != nil {
			return err
		}
		b.parts = append(b.parts, document{entry.Name, data})
	}
	want, sizes, err := expected(b.parts)
	if err != nil {
		return err
	}
	for i, part := range want {
		if b.parts[i].name != part.name || !bytes.Equal(b.parts[i].data, part.data) {
			return malformed("%.80q is not what belongs there", b.parts[i].name)
		}
	}
	b.sizes = sizes
	return nil
}

func (b *Reader) document(entry *tar.Header, limit int64) ([]byte, error) {
	if entry.Size > limit {
		return nil, malformed("%.80q has %d bytes", entry.Name, entry.Size)
	}
	return io.ReadAll(b.in)
}

func (b *Reader) readBases() error {
	data, err := b.document(b.first, basesLimit)
	if err == nil {
		b.bases, err = parseBases(data)
	}
	return err
}

// expected are the documents that we would write of what the given ones say.
func expected(got []document) (want []document, sizes map[string]int64, err error) {
	var lists []manifest
	if err := json.Unmarshal(got[0].data, &lists); err != nil || len(lists) != 1 || len(lists[0].RepoTags) > 1 {
		return nil, nil, malformed("%.80q does not name one image", got[0].name)
	}
	var image ocispec.Manifest
	if err := json.Unmarshal(got[2].data, &image); err != nil {
		return nil, nil, malformed("%.80q: %v", got[2].name, err)
	}
	var all []int64
	sizes = map[string]int64{}
	for _, layer := range image.Layers {
		all = append(all, layer.Size)
		sizes[string(layer.Digest)] = layer.Size
	}
	want, err = documents(strings.Join(lists[0].RepoTags, ""), got[1].data, all)
	return want, sizes, err
}

// next is the next entry, nil at the end.
func (b *Reader) next() (*tar.Header, error) {
	entry, err := b.in.Next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if entry.Typeflag != tar.TypeReg || entry.Size < 0 {
		return nil, malformed("%.80q is no plain file", entry.Name)
	}
	return entry, nil
}
