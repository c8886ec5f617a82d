package docker

import (
	"context"
	"io"
	"strings"

	"github.com/docker/docker/client"
)

// ImageSave implements host.Engine. The stream ends with ctx.
func (e *Engine) ImageSave(ctx context.Context, refs []string) (io.ReadCloser, error) {
	op := "save image " + strings.Join(refs, ", ")
	var body io.ReadCloser
	err := e.stream(ctx, op, func(ctx context.Context, cli *client.Client) error {
		var err error
		body, err = cli.ImageSave(ctx, refs)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &savedImage{ReadCloser: body, classify: func(err error) error { return e.fail(ctx, op, err) }}, nil
}

// savedImage classifies what ends the stream early.
type savedImage struct {
	io.ReadCloser
	classify func(error) error
}

func (s *savedImage) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = s.classify(err)
	}
	return n, err
}
