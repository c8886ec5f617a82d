package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/longshore-dev/longshore/internal/app"
)

// File is plain files of this machine, which the compose specification allows for secrets.
type File struct{}

// Find implements Source. The value is the file's bytes, with a line break at the end if there is one: that is what a
// container finds by the specification.
func (File) Find(_ context.Context, s app.Secret) (Found, error) {
	text, err := readValue(s.Source.File)
	if errors.Is(err, fs.ErrNotExist) {
		return Found{}, &NotFoundError{Name: s.Name, Where: []string{"the file " + s.Source.File}}
	}
	if err != nil {
		return Found{}, fmt.Errorf("the secret %s: %w", s.Name, err)
	}
	return FoundIn(s.Name, "the file "+s.Source.File, text)
}

// readValue reads no more of a file than shows that it is too large, and nothing that is not a plain file: a pipe may
// never end.
func readValue(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a plain file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxValue+1))
	return string(data), errors.Join(err, file.Close())
}
