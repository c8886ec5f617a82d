package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"runtime"
	"testing"
)

// The media types of what an image is made of.
const (
	manifestType = "application/vnd.docker.distribution.manifest.v2+json"
	configType   = "application/vnd.docker.container.image.v1+json"
	layerType    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
)

// Push makes an image for this machine's processor, of files (all of which may be run) and a command, and gives it a
// tag. It answers the digest. A tag that another image has moves.
func (r *Registry) Push(t testing.TB, repository, tag string, files map[string][]byte, command ...string) (digest string) {
	t.Helper()
	layer := archive(t, files)
	config := encode(t, map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "config": map[string]any{"Entrypoint": command},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{sum(layer)}},
	})
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(layer) // to memory
	_ = w.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	part := func(kind string, data []byte) map[string]any {
		r.blobs[sum(data)] = blob{kind, data}
		return map[string]any{"mediaType": kind, "size": len(data), "digest": sum(data)}
	}
	manifest := encode(t, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": part(configType, config), "layers": []any{part(layerType, packed.Bytes())},
	})
	part(manifestType, manifest)
	r.tags[repository+":"+tag] = sum(manifest)
	return sum(manifest)
}

func archive(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(content) // to memory
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(digest[:])
}
