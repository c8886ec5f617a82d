package classic

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	root, content := t.TempDir(), archive(t)
	keep(t, root, content)
	layers := filepath.Join(root, "image", Driver, "layerdb", "sha256")
	must(t, os.Rename(filepath.Join(layers, strings.Repeat("c", 64)), filepath.Join(layers, hexSum(content))))
	put := func(config string) string {
		dir := filepath.Join(root, "image", Driver, "imagedb", "content", "sha256")
		must(t, os.MkdirAll(dir, 0o755))
		must(t, os.WriteFile(filepath.Join(dir, hexSum([]byte(config))), []byte(config), 0o600))
		return "sha256:" + hexSum([]byte(config))
	}
	layer := "sha256:" + hexSum(content)
	image, found, err := New(root).Find(put(`{"rootfs":{"diff_ids":["` + layer + `"]}}`))
	if err != nil || !slices.Equal(found, []string{layer}) {
		t.Fatalf("%q, %v", found, err)
	}
	err = image.Read(0, func(r io.Reader) error {
		if got, err := io.ReadAll(r); err != nil || hexSum(got) != hexSum(content) {
			t.Errorf("%d bytes that differ, %v", len(got), err)
		}
		return nil
	})
	must(t, err)
	for _, config := range []string{"{", `{"rootfs":{"diff_ids":["../../etc"]}}`} {
		if _, _, err := New(root).Find(put(config)); !errors.Is(err, errUnlike) {
			t.Errorf("%s: %v", config, err)
		}
	}
	if _, _, err := New(root).Find("sha256:" + strings.Repeat("0", 64)); err == nil {
		t.Error("an image that is not there is found")
	}
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
