//go:build e2e

package classic

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/local"
	"github.com/longshore-dev/longshore/internal/image/bundle"
)

// A bundle of what was read out of the folder is the bundle of what the engine saves, for an image with all that a Linux
// system has of files.
func TestABundleIsTheSameAsOfASavedImage(t *testing.T) {
	ref := os.Getenv("LONGSHORE_TEST_BASE")
	if ref == "" {
		t.Fatal("set LONGSHORE_TEST_BASE to an image, as make test-e2e does")
	}
	here, err := local.New(app.Host{Name: "here", Address: app.LocalAddress, StateDir: t.TempDir()})
	must(t, err)
	defer here.Close()
	info, err := here.Engine().Info(t.Context())
	must(t, err)
	image, err := here.Engine().ImageInspect(t.Context(), ref)
	must(t, err)
	stored, err := New(info.RootDir).Image(image.ID, image.Layers)
	if errors.Is(err, fs.ErrPermission) || info.Containerd || info.StorageDriver != Driver {
		t.Logf("this user cannot read the images of this engine, which saves them then: %v", err)
		return
	}
	must(t, err)
	how := bundle.Image{Ref: ref, Layers: image.Layers}
	read := sha256.New()
	must(t, bundle.WriteStored(read, stored, how))
	archive, err := here.Engine().ImageSave(t.Context(), []string{ref})
	must(t, err)
	defer archive.Close()
	scratch, err := os.Create(filepath.Join(t.TempDir(), "scratch"))
	must(t, err)
	defer scratch.Close()
	saved := sha256.New()
	must(t, bundle.Write(saved, archive, scratch, how))
	if got, want := hex.EncodeToString(read.Sum(nil)), hex.EncodeToString(saved.Sum(nil)); got != want {
		t.Errorf("the bundle has the SHA-256 %s, of the saved image it has %s", got, want)
	}
}
