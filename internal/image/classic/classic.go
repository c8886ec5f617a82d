// Package classic reads images right out of the folder of a Docker engine on this machine, layer by layer, where the
// engine itself only ever saves all of an image at once: a release of a large image then takes as long as what is new in
// it. The folder is the engine's own and nobody's interface; so everything is read only, what was read has to have the
// digests that were asked for, and whatever is not as expected is an error, after which the engine is asked to save the
// image. The package must not know why an image is read.
package classic

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/vbatts/tar-split/tar/asm"
	"github.com/vbatts/tar-split/tar/storage"

	"github.com/longshore-dev/longshore/internal/image/bundle"
)

// Driver is the storage driver whose folders are understood.
const Driver = "overlay2"

// Store is the folder of an engine with the classic image store.
type Store struct{ root string }

// New is the store of an engine with this folder (its RootDir) and the storage driver Driver. Nothing is read yet.
func New(root string) Store { return Store{root} }

// Image is one image of the store.
type Image struct {
	config []byte
	layers []layer
}

// Image finds the image with an id ("sha256:…") and the digests of its layers, base first, in the store.
func (s Store) Image(id string, layers []string) (*Image, error) {
	config, err := s.config(id)
	if err != nil {
		return nil, err
	}
	found := &Image{config: config}
	for _, chain := range bundle.Chains(layers) {
		l, err := s.layer(chain)
		if err != nil {
			return nil, err
		}
		found.layers = append(found.layers, l)
	}
	return found, nil
}

// Config implements bundle.Stored.
func (i *Image) Config() []byte { return i.config }

// Size implements bundle.Stored.
func (i *Image) Size(layer int) (int64, error) { return i.layers[layer].size() }

// Read implements bundle.Stored. Whoever uses the content has to check its digest: what was changed behind the engine's
// back is only mostly found out here.
func (i *Image) Read(layer int, read func(content io.Reader) error) error {
	reader, writer := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		writer.CloseWithError(i.layers[layer].writeTo(writer))
	}()
	err := read(reader)
	reader.CloseWithError(io.ErrClosedPipe)
	<-written
	return err
}

// configLimit bounds a configuration, which is read into memory.
const configLimit = 8 << 20

var errUnlike = errors.New("the engine's folder is not as expected")

// config reads the configuration of the image with an id.
func (s Store) config(id string) ([]byte, error) {
	name, err := hexOf(id)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(s.root, "image", Driver, "imagedb", "content", "sha256", name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, configLimit+1))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != name {
		return nil, fmt.Errorf("%w: the configuration of %s has another digest", errUnlike, id)
	}
	return data, nil
}

// layer is one layer of the store.
type layer struct {
	// split has the archive without the content of its files, diff is the folder with these.
	split, diff string
}

// layer finds the layer with a chain id.
func (s Store) layer(chain string) (layer, error) {
	name, err := hexOf(chain)
	if err != nil {
		return layer{}, err
	}
	dir := filepath.Join(s.root, "image", Driver, "layerdb", "sha256", name)
	id, err := os.ReadFile(filepath.Join(dir, "cache-id"))
	if err != nil {
		return layer{}, err
	}
	if !filepath.IsLocal(string(id)) || strings.ContainsRune(string(id), filepath.Separator) {
		return layer{}, fmt.Errorf("%w: %.80q is no name of a folder", errUnlike, id)
	}
	return layer{
		split: filepath.Join(dir, "tar-split.json.gz"),
		diff:  filepath.Join(s.root, Driver, string(id), "diff"),
	}, nil
}

// size is the length of the layer's archive, in bytes.
func (l layer) size() (int64, error) {
	var total int64
	err := l.parts(func(parts storage.Unpacker) error {
		for {
			part, err := parts.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if part.Type == storage.FileType {
				total += part.Size
			} else {
				total += int64(len(part.Payload))
			}
		}
	})
	return total, err
}

// writeTo writes the layer's archive, the very bytes that its digest was made of.
func (l layer) writeTo(w io.Writer) error {
	// No link in the content leads out of it.
	root, err := os.OpenRoot(l.diff)
	if err != nil {
		return err
	}
	defer root.Close()
	return l.parts(func(parts storage.Unpacker) error {
		return asm.WriteOutputTarStream(files{root}, parts, w)
	})
}

// parts has read what the archive is made of.
func (l layer) parts(read func(storage.Unpacker) error) error {
	file, err := os.Open(l.split)
	if err != nil {
		return err
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", errUnlike, l.split, err)
	}
	return read(storage.NewJSONUnpacker(packed))
}

// files is a layer's content.
type files struct{ root *os.Root }

// Get implements storage.FileGetter.
func (f files) Get(name string) (io.ReadCloser, error) {
	name = filepath.Clean(strings.TrimLeft(name, "/"))
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %q is no plain file", errUnlike, name)
	}
	return f.root.Open(name)
}

// hexOf is the hexadecimal part of a digest, which is the name of a file.
func hexOf(digest string) (string, error) {
	text, ok := strings.CutPrefix(digest, "sha256:")
	if !ok || len(text) != 2*sha256.Size || strings.Trim(text, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%w: %.80q is no SHA-256 digest", errUnlike, digest)
	}
	return text, nil
}
