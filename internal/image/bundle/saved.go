package bundle

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// saved is an image in `docker save` form, with its files at random access.
type saved struct {
	scratch  *os.File
	files    map[string]span
	links    map[string]string
	manifest manifest
	config   []byte
}

// span is a file's place in the scratch file; the offset is below 0 for one that was not copied.
type span struct{ offset, size int64 }

// maxEntries bounds what an archive's index takes of the memory.
const maxEntries = 10_000

// readSaved puts what may be wanted of an archive into the scratch file. Layers to leave out that go by their digest, as
// newer engines write them, are not copied.
func readSaved(r io.Reader, scratch *os.File, want Image) (*saved, error) {
	s := &saved{scratch: scratch, files: map[string]span{}, links: map[string]string{}}
	skip := map[string]bool{}
	for _, layer := range want.Layers[:want.Held] {
		if !slices.Contains(want.Layers[want.Held:], layer) {
			skip[blobs+strings.TrimPrefix(layer, "sha256:")] = true
		}
	}
	if err := s.index(tar.NewReader(r), skip); err != nil {
		return nil, err
	}
	// Engines write padding after the archive's end.
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, fmt.Errorf("read the saved image: %w", err)
	}
	return s, s.choose(want)
}

func (s *saved) index(archive *tar.Reader, skip map[string]bool) error {
	offset := int64(0)
	for range maxEntries {
		entry, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the saved image: %w", err)
		}
		name := path.Clean(entry.Name)
		switch entry.Typeflag {
		case tar.TypeSymlink:
			s.links[name] = path.Join(path.Dir(name), entry.Linkname)
		case tar.TypeLink:
			s.links[name] = path.Clean(entry.Linkname)
		case tar.TypeReg:
			if skip[name] {
				s.files[name] = span{-1, entry.Size}
				continue
			}
			size, err := io.Copy(s.scratch, archive)
			if err != nil {
				return fmt.Errorf("keep the saved image: %w", err)
			}
			s.files[name] = span{offset, size}
			offset += size
		}
	}
	return malformed("more than %d entries", maxEntries)
}

// choose finds the wanted image among those of the archive: an engine may save one for each platform.
func (s *saved) choose(want Image) error {
	data, err := s.document(manifestName)
	if err != nil {
		return err
	}
	var manifests []manifest
	if err := json.Unmarshal(data, &manifests); err != nil {
		return malformed("%s: %v", manifestName, err)
	}
	for _, m := range manifests {
		config, err := s.document(m.Config)
		if err != nil {
			return err
		}
		c, err := parseConfiguration(config)
		if err != nil {
			return err
		}
		if !slices.Equal(c.RootFS.Layers, want.Layers) {
			continue
		}
		if len(m.Layers) != len(c.RootFS.Layers) {
			return malformed("%d layers where the configuration has %d", len(m.Layers), len(c.RootFS.Layers))
		}
		s.manifest, s.config = m, config
		return nil
	}
	return malformed("the wanted image is not in it")
}

// place is where a file is, by the name that it goes by in a manifest.
func (s *saved) place(name string) string {
	name = path.Clean(name)
	if target, ok := s.links[name]; ok {
		return target
	}
	return name
}

func (s *saved) open(name string) (*io.SectionReader, error) {
	name = s.place(name)
	at, ok := s.files[name]
	if !ok || at.offset < 0 {
		return nil, malformed("it lacks %.200q", name)
	}
	return io.NewSectionReader(s.scratch, at.offset, at.size), nil
}

func (s *saved) document(name string) ([]byte, error) {
	r, err := s.open(name)
	if err != nil {
		return nil, err
	}
	if r.Size() > documentLimit {
		return nil, malformed("%.200q has %d bytes", name, r.Size())
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the kept image: %w", err)
	}
	return data, nil
}

// Config implements Stored.
func (s *saved) Config() []byte { return s.config }

// Size implements Stored. A layer that is compressed is unpacked for it.
func (s *saved) Size(layer int) (int64, error) {
	name := s.manifest.Layers[layer]
	if at, ok := s.files[s.place(name)]; ok && at.offset < 0 {
		return at.size, nil
	}
	packed, err := s.open(name)
	if err != nil {
		return 0, err
	}
	content, closing, err := plain(packed)
	if err != nil {
		return 0, err
	}
	defer closing()
	if content == io.Reader(packed) {
		return packed.Size(), nil
	}
	size, err := io.Copy(io.Discard, content)
	if err != nil {
		return 0, malformed("unpacking %.200q: %v", name, err)
	}
	return size, nil
}

// Read implements Stored.
func (s *saved) Read(layer int, read func(content io.Reader) error) error {
	packed, err := s.open(s.manifest.Layers[layer])
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
