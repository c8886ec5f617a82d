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
)

// Copy copies a bundle and refuses what is none: other names, other kinds of files, documents that we would not write,
// content that its name does not tell, a layer that the configuration does not know. That is ErrMalformed, and what was
// written by then must not be used: its end is missing. What comes out is safe to give to an engine, whatever goes in.
func Copy(w io.Writer, r io.Reader) error {
	c := copying{in: tar.NewReader(r), out: tar.NewWriter(w)}
	if err := c.run(); errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) {
		return fmt.Errorf("read a bundle: %w: %w", ErrMalformed, err)
	} else if err != nil {
		return fmt.Errorf("read a bundle: %w", err)
	}
	if n, err := io.Copy(io.Discard, r); err != nil {
		return fmt.Errorf("read a bundle: %w", err)
	} else if n > 0 {
		return fmt.Errorf("read a bundle: %w", malformed("%d bytes after its end", n))
	}
	return nil
}

type copying struct {
	in  *tar.Reader
	out *tar.Writer
}

func (c copying) run() error {
	sizes, err := c.documents()
	if err != nil {
		return err
	}
	for {
		entry, err := c.next()
		if errors.Is(err, io.EOF) {
			return c.out.Close()
		}
		if err != nil {
			return err
		}
		size, known := sizes[entry.Name]
		if !known || size != entry.Size {
			return malformed("%.80q of %d bytes is none of its layers, or there twice", entry.Name, entry.Size)
		}
		delete(sizes, entry.Name)
		if err := c.out.WriteHeader(header(entry.Name, entry.Size)); err != nil {
			return err
		}
		if err := copySummed(c.out, c.in, entry.Name, strings.TrimPrefix(entry.Name, blobs)); err != nil {
			return err
		}
	}
}

// documentCount is how many documents a bundle begins with; the configuration and the image's manifest follow the list.
const documentCount = 5

// documents copies the documents, which have to be those that we would write, and answers the layers' sizes by name.
func (c copying) documents() (map[string]int64, error) {
	var got []document
	for range documentCount {
		entry, err := c.next()
		if errors.Is(err, io.EOF) {
			return nil, malformed("it ends among its documents")
		}
		if err != nil {
			return nil, err
		}
		if entry.Size > documentLimit {
			return nil, malformed("%.80q has %d bytes", entry.Name, entry.Size)
		}
		data, err := io.ReadAll(c.in)
		if err != nil {
			return nil, err
		}
		got = append(got, document{entry.Name, data})
	}
	want, sizes, err := expected(got)
	if err != nil {
		return nil, err
	}
	for i, part := range want {
		if got[i].name != part.name || !bytes.Equal(got[i].data, part.data) {
			return nil, malformed("%.80q is not what belongs there", got[i].name)
		}
		if err := c.out.WriteHeader(header(part.name, int64(len(part.data)))); err != nil {
			return nil, err
		}
		if _, err := c.out.Write(part.data); err != nil {
			return nil, err
		}
	}
	return sizes, nil
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
		sizes[blobs+strings.TrimPrefix(string(layer.Digest), "sha256:")] = layer.Size
	}
	want, err = documents(strings.Join(lists[0].RepoTags, ""), got[1].data, all)
	return want, sizes, err
}

func (c copying) next() (*tar.Header, error) {
	entry, err := c.in.Next()
	if err != nil {
		return nil, err
	}
	if entry.Typeflag != tar.TypeReg || entry.Size < 0 {
		return nil, malformed("%.80q is no plain file", entry.Name)
	}
	return entry, nil
}
