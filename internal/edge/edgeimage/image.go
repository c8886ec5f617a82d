// Package edgeimage says what the edge's container is: its image, made here from the one binary, and what it is created
// with. It must not know how images are carried to a host nor how containers are made there.
package edgeimage

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
)

// Repository is the name of the edge's image, before the version.
const Repository = "longshore/edge"

// binaryPath is where the binary is in the image.
const binaryPath = "longshore-edge"

// Image is an edge image in `docker load` form. It holds no copy of the binary, which is far larger than anything else
// that a worker has in memory.
type Image struct {
	// Version names the binary, and so the image.
	Version string
	// Ref is "longshore/edge:<version>".
	Ref string
	// ID is the image's id ("sha256:…") on an engine with the classic image store.
	ID string
	// Size is the number of bytes that Tar yields.
	Size int64

	bundle section
}

// Tar returns the image's bytes, from the start, as often as it is called. It reads the binary that New was given.
func (i *Image) Tar() io.Reader { return i.bundle.open() }

// New makes the image of a static Linux binary of size bytes for one architecture ("amd64", "arm64"). The same binary
// always gives the same bytes. The binary must stay readable, and the same, as long as the image is used.
func New(binary io.ReaderAt, size int64, architecture string) (*Image, error) {
	program := section{size: size, open: func() io.Reader { return io.NewSectionReader(binary, 0, size) }}
	version, err := edge.Version(program.open())
	if err != nil {
		return nil, err
	}
	ref := Repository + ":" + version
	layer, err := archive(file{binaryPath, 0o755, program})
	if err != nil {
		return nil, err
	}
	layerDigest, err := digest(layer)
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(configuration(version, architecture, layerDigest))
	if err != nil {
		return nil, fmt.Errorf("describing the edge image: %w", err)
	}
	id, err := digest(inMemory(config))
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal([]any{map[string]any{
		"Config": id + ".json", "RepoTags": []string{ref}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return nil, fmt.Errorf("describing the edge image: %w", err)
	}
	bundle, err := archive(file{"manifest.json", 0o644, inMemory(manifest)}, file{id + ".json", 0o644, inMemory(config)}, file{"layer.tar", 0o644, layer})
	if err != nil {
		return nil, err
	}
	return &Image{Version: version, Ref: ref, ID: "sha256:" + id, Size: bundle.size, bundle: bundle}, nil
}

func configuration(version, architecture, layer string) map[string]any {
	return map[string]any{
		"architecture": architecture,
		"os":           "linux",
		"config": map[string]any{
			"Entrypoint": []string{"/" + binaryPath},
			// Caddy asks for folders of the user that it then leaves alone.
			"Env":    []string{"XDG_CONFIG_HOME=" + statePath, "XDG_DATA_HOME=" + statePath},
			"Labels": labels(version),
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + layer}},
	}
}

func labels(version string) map[string]string {
	return map[string]string{app.LabelRole: app.RoleEdge, app.LabelVersion: version}
}
