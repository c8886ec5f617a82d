package bundle

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// manifest is one image in manifest.json.
type manifest struct {
	Config   string   `json:"Config"`
	RepoTags []string `json:"RepoTags"`
	Layers   []string `json:"Layers"`
}

// document is a small file of a bundle.
type document struct {
	name string
	data []byte
}

// nameAnnotation is what containerd names an image by.
const nameAnnotation = "io.containerd.image.name"

// documents are all of a bundle that is not a layer, in order. The image gets no name where ref is empty. sizes are those of all layers, left out or not.
func documents(ref string, config []byte, sizes []int64) ([]document, error) {
	c, err := parseConfiguration(config)
	if err != nil {
		return nil, err
	}
	if len(c.RootFS.Layers) != len(sizes) {
		return nil, malformed("%d layers where the configuration has %d", len(sizes), len(c.RootFS.Layers))
	}
	list := manifest{Config: blobs + sumOf(config), RepoTags: []string{}, Layers: []string{}}
	image := ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    descriptor(ocispec.MediaTypeImageConfig, "sha256:"+sumOf(config), int64(len(config))),
		Layers:    []ocispec.Descriptor{},
	}
	for i, layer := range c.RootFS.Layers {
		list.Layers = append(list.Layers, blobs+strings.TrimPrefix(layer, "sha256:"))
		image.Layers = append(image.Layers, descriptor(ocispec.MediaTypeImageLayer, layer, sizes[i]))
	}
	imageText, err := json.Marshal(image)
	if err != nil {
		return nil, err
	}
	root := descriptor(ocispec.MediaTypeImageManifest, "sha256:"+sumOf(imageText), int64(len(imageText)))
	if ref != "" {
		named, err := reference.ParseNormalizedNamed(ref)
		if err != nil {
			return nil, malformed("the name %.200q: %v", ref, err)
		}
		list.RepoTags = []string{ref}
		root.Annotations = map[string]string{nameAnnotation: reference.TagNameOnly(named).String()}
	}
	listText, err := json.Marshal([]manifest{list})
	if err != nil {
		return nil, err
	}
	index, err := json.Marshal(ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{root},
	})
	if err != nil {
		return nil, err
	}
	layout := fmt.Sprintf(`{"imageLayoutVersion":%q}`, ocispec.ImageLayoutVersion)
	return []document{
		{manifestName, listText},
		{list.Config, config},
		{blobs + sumOf(imageText), imageText},
		{ocispec.ImageLayoutFile, []byte(layout)},
		{ocispec.ImageIndexFile, index},
	}, nil
}

func descriptor(mediaType, sum string, size int64) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.Digest(sum), Size: size}
}
