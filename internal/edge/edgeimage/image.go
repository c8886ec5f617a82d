// Package edgeimage says what the edge's container is: its image, made here from the one binary, and what it is created
// with. It must not know how images are carried to a host nor how containers are made there.
package edgeimage

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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

// Image is an edge image in `docker load` form.
type Image struct {
	// Version names the binary, and so the image.
	Version string
	// Ref is "longshore/edge:<version>".
	Ref string
	// ID is the image's id ("sha256:…") on an engine with the classic image store.
	ID string
	// Size is the number of bytes that Tar yields.
	Size int64

	bundle []byte
}

// Tar returns the image's bytes, from the start, as often as it is called.
func (i *Image) Tar() io.Reader { return bytes.NewReader(i.bundle) }

// New makes the image of a static Linux binary for one architecture ("amd64", "arm64"). The same binary always gives
// the same bytes.
func New(binary io.Reader, architecture string) (*Image, error) {
	program, err := io.ReadAll(binary)
	if err != nil {
		return nil, fmt.Errorf("reading the edge binary: %w", err)
	}
	version, err := edge.Version(bytes.NewReader(program))
	if err != nil {
		return nil, err
	}
	ref := Repository + ":" + version
	layer, err := archive(file{binaryPath, 0o755, program})
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(configuration(version, architecture, digest(layer)))
	if err != nil {
		return nil, fmt.Errorf("describing the edge image: %w", err)
	}
	id := digest(config)
	manifest, err := json.Marshal([]any{map[string]any{
		"Config": id + ".json", "RepoTags": []string{ref}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return nil, fmt.Errorf("describing the edge image: %w", err)
	}
	bundle, err := archive(file{"manifest.json", 0o644, manifest}, file{id + ".json", 0o644, config}, file{"layer.tar", 0o644, layer})
	if err != nil {
		return nil, err
	}
	return &Image{Version: version, Ref: ref, ID: "sha256:" + id, Size: int64(len(bundle)), bundle: bundle}, nil
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

type file struct {
	name string
	mode int64
	data []byte
}

// archive writes files with nothing in it that differs from one time to the next.
func archive(files ...file) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("packing the edge image: %w", err)
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, fmt.Errorf("packing the edge image: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing the edge image: %w", err)
	}
	return out.Bytes(), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
