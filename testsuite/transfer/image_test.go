//go:build e2e || soak

package transfer

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// layer is a layer whose one file cannot be compressed. Equal layers are equal bytes.
type layer struct {
	seed uint64
	size int
}

func (l layer) archive() []byte {
	content := make([]byte, l.size)
	random := rand.NewChaCha8([32]byte{byte(l.seed), byte(l.seed >> 8), byte(l.seed >> 16)})
	_, _ = random.Read(content) // never fails
	return archive(map[string][]byte{"file-" + strconv.FormatUint(l.seed, 10): content})
}

func archive(files map[string][]byte) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, content := range files {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}) // to memory
		_, _ = w.Write(content)
	}
	_ = w.Close()
	return out.Bytes()
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// put makes an image of layers on an engine, base first.
func put(ctx context.Context, t *testing.T, engine host.Engine, ref string, layers ...layer) app.Image {
	t.Helper()
	var archives [][]byte
	for _, l := range layers {
		archives = append(archives, l.archive())
	}
	return putArchives(ctx, t, engine, ref, archives...)
}

func putArchives(ctx context.Context, t *testing.T, engine host.Engine, ref string, layers ...[]byte) app.Image {
	t.Helper()
	files := map[string][]byte{}
	var names, digests []string
	for _, data := range layers {
		files[sum(data)+".tar"] = data
		names, digests = append(names, sum(data)+".tar"), append(digests, "sha256:"+sum(data))
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "config": map[string]any{"Cmd": []string{"/" + ref}, "Labels": map[string]string{app.LabelSite: "default/transfer/test"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": digests},
	})
	must(t, err)
	files[sum(config)+".json"] = config
	files["manifest.json"], err = json.Marshal([]any{map[string]any{"Config": sum(config) + ".json", "RepoTags": []string{ref}, "Layers": names}})
	must(t, err)
	must(t, engine.ImageLoad(ctx, bytes.NewReader(archive(files))))
	image, err := engine.ImageInspect(ctx, ref)
	must(t, err)
	t.Cleanup(func() { _ = engine.ImageRemove(context.WithoutCancel(ctx), ref) })
	return image
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
