package transfer

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/longshore-dev/longshore/internal/image/bundle"
)

// stream is the way without a helper on the host: from engine to engine, stored nowhere on the host, so that an
// interruption begins it anew.
type stream struct{ *shipment }

func (s stream) carry(ctx context.Context, held int, _ bool) error {
	// The engine holds the archive and the layers at once.
	if err := s.checkRoom(ctx, room{engine: 2 * s.image.Size}); err != nil {
		return err
	}
	scratch, err := os.CreateTemp("", "longshore-transfer-")
	if err != nil {
		return fmt.Errorf("keep the saved image: %w", err)
	}
	defer scratch.Close()
	// It takes its disk with it when it is closed, even by a crash.
	if err := os.Remove(scratch.Name()); err != nil {
		return fmt.Errorf("keep the saved image: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	reader, writer := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		writer.CloseWithError(s.bundle(ctx, writer, scratch, bundle.Image{Held: held}))
	}()
	var sent atomic.Int64
	err = s.to.Engine().ImageLoad(ctx, counter{paced{ctx, reader, s.limit}, func(n int) { s.progress(ctx, sent.Add(int64(n)), s.image.Size) }})
	cancel()
	reader.CloseWithError(context.Canceled)
	<-written
	s.sent += sent.Load()
	return err
}
