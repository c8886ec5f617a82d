package memory_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// without copies an archive and leaves out a layer.
func without(t *testing.T, archive []byte, layer string) io.Reader {
	t.Helper()
	in := tar.NewReader(bytes.NewReader(archive))
	var buffer bytes.Buffer
	out := tar.NewWriter(&buffer)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(header.Name, strings.TrimPrefix(layer, "sha256:")+"/") {
			continue
		}
		if err := out.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, in); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}
