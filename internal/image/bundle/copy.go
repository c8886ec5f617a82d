package bundle

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Copy copies a bundle and refuses what is none: other names, other kinds of files, content that its name does not tell,
// a layer that the configuration does not know. It is ErrMalformed, and what was written by then must not be used: its
// end is missing. What comes out of it is safe to give to an engine, whatever goes in.
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
	text, err := c.document(manifestName, "")
	if err != nil {
		return err
	}
	var manifests []manifest
	if err := json.Unmarshal(text, &manifests); err != nil || len(manifests) != 1 {
		return malformed("%s does not name one image", manifestName)
	}
	list := manifests[0]
	sum, ok := strings.CutSuffix(list.Config, ".json")
	if !ok || !isHex(sum) {
		return malformed("the configuration is called %.80q", list.Config)
	}
	config, err := c.document(list.Config, sum)
	if err != nil {
		return err
	}
	known, err := layersOf(config, list)
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
		if !known[entry.Name] {
			return malformed("%.80q is none of its layers, or there twice", entry.Name)
		}
		delete(known, entry.Name)
		if err := c.out.WriteHeader(header(entry.Name, entry.Size)); err != nil {
			return err
		}
		if err := copySummed(c.out, c.in, entry.Name, entry.Name[:2*sha256.Size]); err != nil {
			return err
		}
	}
}

// layersOf are the names of the layers' files, which the configuration and the manifest have to agree on.
func layersOf(config []byte, list manifest) (map[string]bool, error) {
	c, err := parseConfiguration(config)
	if err != nil {
		return nil, err
	}
	if len(c.RootFS.Layers) != len(list.Layers) {
		return nil, malformed("%d layers where the configuration has %d", len(list.Layers), len(c.RootFS.Layers))
	}
	known := map[string]bool{}
	for i, layer := range c.RootFS.Layers {
		if name := strings.TrimPrefix(layer, "sha256:") + ".tar"; list.Layers[i] != name {
			return nil, malformed("a layer is called %.80q, not %s", list.Layers[i], name)
		}
		known[list.Layers[i]] = true
	}
	return known, nil
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

// document copies the next entry, which has to have a name and, where sum is not empty, a SHA-256.
func (c copying) document(name, sum string) ([]byte, error) {
	entry, err := c.next()
	if errors.Is(err, io.EOF) {
		return nil, malformed("it ends before %s", name)
	}
	if err != nil {
		return nil, err
	}
	if entry.Name != name || entry.Size > documentLimit {
		return nil, malformed("%.80q of %d bytes where %s is expected", entry.Name, entry.Size, name)
	}
	data, err := io.ReadAll(c.in)
	if err != nil {
		return nil, err
	}
	if got := sumOf(data); sum != "" && got != sum {
		return nil, malformed("the content of %s has the SHA-256 %s", name, got)
	}
	if err := c.out.WriteHeader(header(name, entry.Size)); err != nil {
		return nil, err
	}
	_, err = c.out.Write(data)
	return data, err
}
