package load

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/image/bundle"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/delta"
)

func noise(seed byte, size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(content) // never fails
	return content
}

type file struct {
	name string
	data []byte
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: 0o644, Size: int64(len(f.data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bundled is a bundle of one layer, with a delta from the old one if there is one.
func bundled(t testing.TB, layer, old []byte) []byte {
	t.Helper()
	digest := "sha256:" + sum(layer)
	config, _ := json.Marshal(map[string]any{"rootfs": map[string]any{"diff_ids": []string{digest}}})
	list, _ := json.Marshal([]any{map[string]any{"Config": "config", "Layers": []string{"layer"}}})
	image := bundle.Image{Ref: "shop:1", Layers: []string{digest}}
	if old != nil {
		image.Plan = func([]bundle.Layer) (delta.Plan, error) {
			of := func(data []byte) *chunk.Index {
				index, err := chunk.Of(bytes.NewReader(data), int64(len(data)))
				if err != nil {
					t.Fatal(err)
				}
				return index
			}
			target := delta.Target{Layer: digest, Size: int64(len(layer)), Index: of(layer)}
			offer := delta.Offer{Layers: map[string]*chunk.Index{"sha256:" + sum(old): of(old)}}
			return delta.Choose([]delta.Target{target}, []delta.Offer{offer}), nil
		}
	}
	scratch, err := os.Create(filepath.Join(t.TempDir(), "scratch"))
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	var out bytes.Buffer
	saved := tarOf(t, file{"manifest.json", list}, file{"config", config}, file{"layer", layer})
	if err := bundle.Write(&out, bytes.NewReader(saved), scratch, image); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestADeltaIsRebuiltFromWhatTheEngineHolds(t *testing.T) {
	old := noise(1, 400_000)
	layer := slices.Concat(old[:100_000], []byte("new"), old[100_000:])
	plain := bundled(t, layer, old)
	if len(plain) > 50_000 {
		t.Fatalf("the bundle has %d bytes: it has no delta", len(plain))
	}
	spoilt := bytes.Clone(old)
	spoilt[200_000]++
	rest := []file{{"VERSION", []byte("1.0")}, {"a.json", []byte("{}")}, {"other", noise(2, len(old))}, {"small.gz", gzipped(t, []byte("x"))}, {"no.gz", []byte("\x1f\x8bx")}}
	with := func(files ...file) []byte { return tarOf(t, append(slices.Clone(rest), files...)...) }
	whole := with(file{"a/layer.tar", old})
	for name, c := range map[string]struct {
		saved   []byte
		status  int
		rebuilt int // missing from what the layer has
		engine  string
		code    int
	}{
		"by any name":                  {saved: whole},
		"by its digest":                {saved: with(file{"blobs/sha256/" + sum(old), old})},
		"packed with gzip":             {saved: with(file{"blobs/sha256/x", gzipped(t, old)})},
		"packed with zstd":             {saved: with(file{"blobs/sha256/x", pack(t, old)})},
		"the engine's folder is empty": {saved: whole, engine: t.TempDir()},
		"not there":                    {saved: with(), code: ExitBase},
		"changed":                      {saved: with(file{"a/layer.tar", spoilt}), code: ExitBase},
		"changed, by its digest":       {saved: with(file{"blobs/sha256/" + sum(old), spoilt}), code: ExitBase},
		"short, by its digest":         {saved: with(file{"blobs/sha256/" + sum(old), old[:1000]}), code: ExitBase},
		"packed, cut short":            {saved: with(file{"x", gzipped(t, old)[:1000]}), code: ExitBase},
		"cut short":                    {saved: whole[:len(whole)/2], code: ExitBase},
		"an image that is gone":        {status: http.StatusNotFound, code: ExitBase},
		"more than was said":           {saved: whole, rebuilt: 1, code: ExitCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			e := startEngine(t)
			e.saved, e.saves = c.saved, c.status
			packed, chunks := pack(t, plain), t.TempDir()
			path := filepath.Join(t.TempDir(), "bundle")
			if err := os.WriteFile(path, packed, 0o600); err != nil {
				t.Fatal(err)
			}
			err := Run(t.Context(), Options{
				Bundle: path, Digest: sum(packed), Plain: int64(len(plain)), Rebuilt: int64(len(layer) - c.rebuilt),
				Socket: e.socket, Images: []string{"sha256:old"}, Chunks: chunks, Engine: c.engine,
			})
			if ExitCode(err) != c.code {
				t.Errorf("%v is exit code %d, not %d", err, ExitCode(err), c.code)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			if got := bytes.Equal(e.got, bundled(t, layer, nil)); got != (c.code == 0) {
				t.Errorf("the engine was given %d bytes, all that it should be: %v", len(e.got), got)
			}
			if want := []string{"sha256:old"}; !slices.Equal(e.asked, want) {
				t.Errorf("the engine was asked to save %q", e.asked)
			}
			entries, err := os.ReadDir(chunks)
			var left []string
			for _, entry := range entries {
				left = append(left, entry.Name())
			}
			if err != nil || (c.code == 0 && !slices.Equal(left, []string{sum(layer)})) || (c.code != 0 && len(left) > 0) {
				t.Errorf("left among the chunks: %q, %v", left, err)
			}
		})
	}
}

func TestABundleWithDeltasNeedsItsBases(t *testing.T) {
	old := noise(3, 400_000)
	packed := pack(t, bundled(t, append([]byte("new"), old...), old))
	if err := Unpack(&bytes.Buffer{}, bytes.NewReader(packed), 1<<20); err == nil {
		t.Error("it is unpacked without")
	}
}
