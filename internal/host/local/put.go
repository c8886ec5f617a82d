package local

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

// Put writes into a file.
func (f *files) Put(ctx context.Context, path string, offset int64, data io.Reader, size int64) error {
	if err := host.CheckPut(path, offset, size); err != nil {
		return err
	}
	name, err := f.at(ctx, path)
	if err != nil {
		return err
	}
	ctx, cancel := host.Bounded(ctx, host.PutLimit)
	defer cancel()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return kind(err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return kind(err)
	}
	_, err = io.CopyN(io.NewOffsetWriter(file, offset), whileLasts{ctx, data}, size)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return kind(errors.Join(err, file.Close()))
}

// whileLasts ends with its context.
type whileLasts struct {
	ctx    context.Context
	reader io.Reader
}

func (w whileLasts) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.reader.Read(p)
}

// Stat looks at a file.
func (f *files) Stat(ctx context.Context, path string) (host.FileInfo, error) {
	name, err := f.at(ctx, path)
	if err != nil {
		return host.FileInfo{}, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return host.FileInfo{}, kind(err)
	}
	return host.FileInfo{Size: info.Size(), Age: time.Since(info.ModTime())}, nil
}
