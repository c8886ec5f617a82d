package memory

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// ImageSpec says what an image in memory is made of.
type ImageSpec struct {
	// Layers are the contents of its layers, base first; empty means one with the reference's text. Equal contents are
	// equal layers.
	Layers       []string
	Labels       map[string]string
	OS           string // empty means linux
	Architecture string // empty means amd64
	// Size is what the engine says it takes, in bytes; 0 means that of its layers.
	Size int64
}

// image is what an engine holds: a configuration whose digest is the id, and layers that are real archives.
type image struct {
	info   app.Image
	config []byte
	layers []layer
}

type layer struct {
	digest string
	data   []byte // nil where an archive left it out
}

// configuration is the part of an image's configuration that counts here, as every engine writes it.
type configuration struct {
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Created      time.Time `json:"created"`
	Config       struct {
		Labels map[string]string `json:"Labels,omitempty"`
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

func digest(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

func newImage(ref string, spec ImageSpec) *image {
	i := &image{}
	contents := spec.Layers
	if len(contents) == 0 {
		contents = []string{ref}
	}
	var c configuration
	c.OS, c.Architecture = cmp.Or(spec.OS, "linux"), cmp.Or(spec.Architecture, "amd64")
	c.Config.Labels = spec.Labels
	c.RootFS.Type = "layers"
	size := int64(0)
	for _, content := range contents {
		data := archiveOf(map[string][]byte{"content": []byte(content)})
		i.layers = append(i.layers, layer{digest(data), data})
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, digest(data))
		size += int64(len(data))
	}
	// A structure of strings and times always has a JSON form.
	i.config, _ = json.Marshal(c)
	i.describe(c, cmp.Or(spec.Size, size))
	return i
}

func (i *image) describe(c configuration, size int64) {
	i.info = app.Image{
		ID: digest(i.config), OS: c.OS, Architecture: c.Architecture, Layers: c.RootFS.DiffIDs,
		Labels: c.Config.Labels, Created: c.Created, Size: size,
	}
}

func (i *image) copy() *image {
	c := *i
	c.info.Tags = nil
	return &c
}

// seenAs is the image as somebody sees it who asked for ref.
func (i *image) seenAs(ref string) app.Image {
	info := i.info
	info.Ref = ref
	info.Tags = slices.Clone(info.Tags)
	return info
}

type savedImage struct {
	image *image
	tags  []string
}

// manifest is one entry of an archive's manifest.json.
type manifest struct {
	Config   string   `json:"Config"`
	RepoTags []string `json:"RepoTags"`
	Layers   []string `json:"Layers"`
}

// save writes the `docker save` form, the same bytes for the same images.
func save(images []savedImage) ([]byte, error) {
	files := make(map[string][]byte)
	var manifests []manifest
	for _, saved := range images {
		entry := manifest{Config: hex(saved.image.info.ID) + ".json", RepoTags: saved.tags}
		files[entry.Config] = saved.image.config
		for _, l := range saved.image.layers {
			name := hex(l.digest) + "/layer.tar"
			files[name] = l.data
			entry.Layers = append(entry.Layers, name)
		}
		manifests = append(manifests, entry)
	}
	list, err := json.Marshal(manifests)
	if err != nil {
		return nil, err
	}
	files["manifest.json"] = list
	return archiveOf(files), nil
}

func hex(digest string) string { return strings.TrimPrefix(digest, "sha256:") }

// archiveOf writes files in the order of their names. Writing to memory does not fail.
func archiveOf(files map[string][]byte) []byte {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, name := range names {
		_ = archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))})
		_, _ = archive.Write(files[name])
	}
	_ = archive.Close()
	return out.Bytes()
}

// load reads what save wrote, to its end. Layers that are left out have no data.
func load(r io.Reader) ([]savedImage, error) {
	files := make(map[string][]byte)
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the archive: %w", err)
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			return nil, fmt.Errorf("read the archive: %w", err)
		}
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	var manifests []manifest
	if err := json.Unmarshal(files["manifest.json"], &manifests); err != nil {
		return nil, fmt.Errorf("read the archive's manifest.json: %w", err)
	}
	var images []savedImage
	for _, entry := range manifests {
		i, err := entry.image(files)
		if err != nil {
			return nil, err
		}
		images = append(images, savedImage{i, entry.RepoTags})
	}
	return images, nil
}

func (e manifest) image(files map[string][]byte) (*image, error) {
	i := &image{config: files[e.Config]}
	var c configuration
	if err := json.Unmarshal(i.config, &c); err != nil {
		return nil, fmt.Errorf("read the configuration %s: %w", e.Config, err)
	}
	if len(c.RootFS.DiffIDs) != len(e.Layers) {
		return nil, fmt.Errorf("the configuration %s has %d layers, the manifest %d", e.Config, len(c.RootFS.DiffIDs), len(e.Layers))
	}
	size := int64(0)
	for n, name := range e.Layers {
		data, ok := files[name]
		if ok && digest(data) != c.RootFS.DiffIDs[n] {
			return nil, fmt.Errorf("the layer %s is not what its digest says", name)
		}
		i.layers = append(i.layers, layer{c.RootFS.DiffIDs[n], data})
		size += int64(len(data))
	}
	i.describe(c, size)
	return i, nil
}

// complete fills in the layers that an archive left out from those that the machine holds.
func (m *Machine) complete(i *image) error {
	for n := range i.layers {
		if i.layers[n].data != nil {
			continue
		}
		for _, held := range m.images {
			for _, l := range held.layers {
				if l.digest == i.layers[n].digest {
					i.layers[n] = l
				}
			}
		}
		if i.layers[n].data == nil {
			return fmt.Errorf("the layer %s is neither in the archive nor on the host", i.layers[n].digest)
		}
		i.info.Size += int64(len(i.layers[n].data))
	}
	return nil
}
