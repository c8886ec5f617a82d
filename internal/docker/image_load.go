package docker

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"
)

// ImageLoad implements host.Engine. An error of tar's own is returned with nothing said of the engine.
func (e *Engine) ImageLoad(ctx context.Context, tar io.Reader) error {
	source := &loadSource{reader: tar}
	err := e.stream(ctx, "load image", func(ctx context.Context, cli *client.Client) error {
		response, err := cli.ImageLoad(ctx, source, client.ImageLoadWithQuiet(true))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if !response.JSON {
			_, err := io.Copy(io.Discard, response.Body)
			return err
		}
		return eachMessage(response.Body, func(jsonmessage.JSONMessage) {})
	})
	if failed := source.failure(); failed != nil {
		return fmt.Errorf("reading the image to load: %w", failed)
	}
	if err != nil {
		return err
	}
	// The engine stops at the archive's end mark. Who writes the archive, or sums it up, has more to give.
	if _, err := io.Copy(io.Discard, source); err != nil {
		return fmt.Errorf("reading the image to load: %w", err)
	}
	return nil
}

// loadSource may be read by the HTTP client, which can outlive its call, and by us after it.
type loadSource struct {
	mu     sync.Mutex
	reader io.Reader
	err    error
}

func (s *loadSource) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.reader.Read(p)
	s.err = err
	return n, err
}

// failure is what broke the source; nil where nothing did.
func (s *loadSource) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == io.EOF {
		return nil
	}
	return s.err
}
