package transfer_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/internal/image/bundle"
)

// onDisk is a folder with an image as the classic store keeps it, with the layers' archives as spoil leaves them.
func (p place) onDisk(t *testing.T, image app.Image, spoil func(archive []byte)) (root string) {
	t.Helper()
	saved, err := p.builder.Host().Engine().ImageSave(t.Context(), []string{tag})
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	files := map[string][]byte{} // by digest
	for r := tar.NewReader(saved); ; {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		data, read := io.ReadAll(r)
		if err := errors.Join(err, read); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		files["sha256:"+hex.EncodeToString(sum[:])] = data
	}
	root = t.TempDir()
	write := func(data []byte, path ...string) {
		name := filepath.Join(append([]string{root, "image", "overlay2"}, path...)...)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write(files[image.ID], "imagedb", "content", "sha256", strings.TrimPrefix(image.ID, "sha256:"))
	for i, chain := range bundle.Chains(image.Layers) {
		archive := files[image.Layers[i]]
		spoil(archive)
		// All of an archive may be in its list of parts.
		part, err := json.Marshal(map[string]any{"type": 2, "payload": archive})
		if err != nil {
			t.Fatal(err)
		}
		var packed strings.Builder
		zip := gzip.NewWriter(&packed)
		if _, err := zip.Write(part); err != nil || zip.Close() != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(chain, "sha256:")
		write([]byte("one"), "layerdb", "sha256", name, "cache-id")
		write([]byte(packed.String()), "layerdb", "sha256", name, "tar-split.json.gz")
	}
	if err := os.MkdirAll(filepath.Join(root, "overlay2", "one", "diff"), 0o700); err != nil {
		t.Fatal(err)
	}
	return root
}

// fromHere transfers an image of the worker's own machine.
func (p place) fromHere(t *testing.T, image app.Image) (activities.TransferResult, error) {
	t.Helper()
	return p.activities.Transfer(t.Context(), activities.TransferInput{
		Target: activities.Target{Host: app.Host{Name: "web-1"}}, Builder: app.Host{Name: "builder", Address: app.LocalAddress},
		Service: "web", Image: image,
	})
}

func (p place) saves() int {
	n := 0
	for _, op := range p.builder.Ops() {
		if op.Name == "ImageSave" {
			n++
		}
	}
	return n
}

func TestAnImageIsReadOutOfTheEnginesFolder(t *testing.T) {
	p := newUploadPlace(t, helper{})
	image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{noise(1, 100_000), noise(2, 200_000)}})
	root := p.onDisk(t, image, func([]byte) {})
	p.builder.SetInfo(func(info *app.EngineInfo) { info.RootDir = root })
	p.builder.ForgetOps()
	result, err := p.fromHere(t, image)
	if err != nil || result.Image.ID != image.ID || p.saves() != 0 {
		t.Errorf("%+v, %v, after %d saves", result, err, p.saves())
	}
}

// What is not as it should be is asked of the engine: at once where it is not there, in the next attempt where it turns
// out to be something else.
func TestWhatIsNotInTheFolderIsSaved(t *testing.T) {
	p := newUploadPlace(t, helper{})
	image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{noise(1, 100_000)}})
	other := t.TempDir()
	p.builder.SetInfo(func(info *app.EngineInfo) { info.RootDir = other })
	if _, err := p.fromHere(t, image); err != nil || p.saves() != 1 {
		t.Errorf("%v, after %d saves", err, p.saves())
	}
	p = newUploadPlace(t, helper{})
	p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{noise(1, 100_000)}})
	root := p.onDisk(t, image, func(archive []byte) { archive[len(archive)/2]++ })
	p.builder.SetInfo(func(info *app.EngineInfo) { info.RootDir = root })
	p.builder.ForgetOps()
	if _, err := p.fromHere(t, image); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("a spoilt layer: %v", err)
	}
	if result, err := p.fromHere(t, image); err != nil || result.Image.ID != image.ID || p.saves() != 1 {
		t.Errorf("%+v, %v, after %d saves", result, err, p.saves())
	}
}
