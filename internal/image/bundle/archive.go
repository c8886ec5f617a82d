package bundle

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// ErrMalformed is an archive that is no bundle, or no image in `docker save` form.
var ErrMalformed = errors.New("malformed image archive")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

const (
	manifestName = "manifest.json"
	basesName    = "bases.json"
	blobs        = "blobs/sha256/"
	deltas       = "deltas/sha256/"
	// documentLimit bounds manifests and configurations, which are read into memory.
	documentLimit = 8 << 20
)

// configuration is what counts here of an image's configuration.
type configuration struct {
	RootFS struct {
		Layers []string `json:"diff_ids"`
	} `json:"rootfs"`
}

func parseConfiguration(data []byte) (configuration, error) {
	var c configuration
	if err := json.Unmarshal(data, &c); err != nil {
		return c, malformed("the configuration: %v", err)
	}
	for _, layer := range c.RootFS.Layers {
		if _, err := hexOf(layer); err != nil {
			return c, err
		}
	}
	return c, nil
}

// hexOf is a digest's hexadecimal part.
func hexOf(digest string) (string, error) {
	text, ok := strings.CutPrefix(digest, "sha256:")
	if !ok || !isHex(text) {
		return "", malformed("%.80q is no SHA-256 digest", digest)
	}
	return text, nil
}

func isHex(text string) bool {
	return len(text) == 2*sha256.Size && strings.Trim(text, "0123456789abcdef") == ""
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// header has nothing in it that differs from one time to the next.
func header(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size}
}

// copySummed copies a layer, which has to have its digest.
func copySummed(w io.Writer, r io.Reader, layer string, size int64, watch Watch) error {
	return summed(w, layer, size, watch, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// summed has write write a layer, which has to have its digest.
func summed(w io.Writer, layer string, size int64, watch Watch, write func(w io.Writer) error) error {
	digest := sha256.New()
	to := []io.Writer{w, digest}
	done := func(bool) {}
	if watch != nil {
		var watcher io.Writer
		if watcher, done = watch(layer, size); watcher != nil {
			to = append(to, watcher)
		}
	}
	err := write(io.MultiWriter(to...))
	if err == nil {
		err = proved(digest, layer)
	}
	done(err == nil)
	return err
}

// proved checks a layer's digest.
func proved(sum hash.Hash, layer string) error {
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != layer {
		return malformed("the content of %s has the SHA-256 %s", layer, got)
	}
	return nil
}
