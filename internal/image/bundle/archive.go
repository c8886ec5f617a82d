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
	blobs        = "blobs/sha256/"
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

// copySummed copies size bytes that have to have a SHA-256.
func copySummed(w io.Writer, r io.Reader, name, want string) error {
	var sum hash.Hash = sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), r); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return malformed("the content of %s has the SHA-256 %s", name, got)
	}
	return nil
}
