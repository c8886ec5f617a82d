package classic

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vbatts/tar-split/tar/asm"
	"github.com/vbatts/tar-split/tar/storage"
)

// chain is any chain id: a store does not make them up, it is asked for them.
var chain = "sha256:" + strings.Repeat("c", 64)

// archive is a layer with a file in a folder, an empty file, a link, a whiteout, and padding of a length that only some
// archivers write.
func archive(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	content := bytes.Repeat([]byte("library "), 20_000)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "lib/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "lib/long-" + strings.Repeat("n", 150), Mode: 0o644, Size: int64(len(content))},
		{Typeflag: tar.TypeReg, Name: "lib/empty", Mode: 0o600},
		{Typeflag: tar.TypeSymlink, Name: "lib/link", Linkname: "/etc", Mode: 0o777},
		{Typeflag: tar.TypeReg, Name: "lib/.wh.gone", Mode: 0o600},
		{Typeflag: tar.TypeReg, Name: "./odd", Mode: 0o644, Size: 3},
	} {
		must(t, w.WriteHeader(h))
		if h.Size > 3 {
			_, err := w.Write(content)
			must(t, err)
		} else if h.Size > 0 {
			_, err := io.WriteString(w, "odd")
			must(t, err)
		}
	}
	must(t, w.Close())
	out.Write(make([]byte, 7*512))
	return out.Bytes()
}

// keep puts a layer into a folder as the engine does, and answers its content's folder.
func keep(t *testing.T, root string, layer []byte) (diff string) {
	t.Helper()
	dir := filepath.Join(root, "image", Driver, "layerdb", "sha256", strings.Repeat("c", 64))
	diff = filepath.Join(root, Driver, "one", "diff")
	for _, d := range []string{dir, diff} {
		must(t, os.MkdirAll(d, 0o755))
	}
	must(t, os.WriteFile(filepath.Join(dir, "cache-id"), []byte("one"), 0o644))
	var split bytes.Buffer
	packed := gzip.NewWriter(&split)
	stream, err := asm.NewInputTarStream(bytes.NewReader(layer), storage.NewJSONPacker(packed), nil)
	must(t, err)
	for r := tar.NewReader(stream); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		path := filepath.Join(diff, h.Name)
		switch h.Typeflag {
		case tar.TypeDir:
			must(t, os.MkdirAll(path, 0o755))
		case tar.TypeReg:
			data, err := io.ReadAll(r)
			must(t, err)
			must(t, os.WriteFile(path, data, 0o644))
		}
	}
	_, err = io.Copy(io.Discard, stream)
	must(t, err)
	must(t, packed.Close())
	must(t, os.WriteFile(filepath.Join(dir, "tar-split.json.gz"), split.Bytes(), 0o644))
	return diff
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestALayerIsTheBytesThatCame(t *testing.T) {
	root, want := t.TempDir(), archive(t)
	keep(t, root, want)
	layer, err := New(root).layer(chain)
	must(t, err)
	if size, err := layer.size(); err != nil || size != int64(len(want)) {
		t.Errorf("the size is %d, %v, not %d", size, err, len(want))
	}
	var got bytes.Buffer
	if err := layer.writeTo(&got); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes, %v, that differ", got.Len(), err)
	}
}

func TestWhatIsNotAsExpectedIsAnError(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(outside, []byte("odd"), 0o600))
	for name, spoil := range map[string]func(root, diff string) error{
		"a file is missing": func(_, diff string) error { return os.Remove(filepath.Join(diff, "odd")) },
		"a file was changed": func(_, diff string) error {
			return os.WriteFile(filepath.Join(diff, "odd"), []byte("even"), 0o600)
		},
		"a file leads out": func(_, diff string) error {
			return errors.Join(os.Remove(filepath.Join(diff, "odd")), os.Symlink(outside, filepath.Join(diff, "odd")))
		},
		"a folder leads out": func(_, diff string) error {
			return errors.Join(os.RemoveAll(filepath.Join(diff, "lib")), os.Symlink(filepath.Dir(outside), filepath.Join(diff, "lib")))
		},
		"the list of parts is cut short": func(root, _ string) error {
			return os.Truncate(filepath.Join(root, "image", Driver, "layerdb", "sha256", strings.Repeat("c", 64), "tar-split.json.gz"), 100)
		},
		"the folder's name leads out": func(root, _ string) error {
			return os.WriteFile(filepath.Join(root, "image", Driver, "layerdb", "sha256", strings.Repeat("c", 64), "cache-id"), []byte("../one"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			must(t, spoil(root, keep(t, root, archive(t))))
			layer, err := New(root).layer(chain)
			if err == nil {
				err = layer.writeTo(io.Discard)
			}
			if err == nil {
				t.Error("it is read")
			}
		})
	}
}

func TestConfig(t *testing.T) {
	root := t.TempDir()
	config := []byte(`{"architecture":"amd64"}`)
	sum := sha256.Sum256(config)
	name := hex.EncodeToString(sum[:])
	dir := filepath.Join(root, "image", Driver, "imagedb", "content", "sha256")
	must(t, os.MkdirAll(dir, 0o755))
	must(t, os.WriteFile(filepath.Join(dir, name), config, 0o600))
	other := strings.Repeat("0", 64)
	must(t, os.WriteFile(filepath.Join(dir, other), config, 0o600))
	s := New(root)
	if got, err := s.config("sha256:" + name); err != nil || !bytes.Equal(got, config) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := s.config("sha256:" + other); !errors.Is(err, errUnlike) {
		t.Errorf("a configuration with another digest: %v", err)
	}
	for _, id := range []string{"", "sha256:..", "sha256:" + strings.Repeat("a", 63) + "/", "shop:1"} {
		if _, err := s.config(id); !errors.Is(err, errUnlike) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := s.config("sha256:" + strings.Repeat("f", 64)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a configuration that is not there: %v", err)
	}
	if _, err := s.layer(chain); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a layer that is not there: %v", err)
	}
}
