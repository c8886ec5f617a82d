// Package load is the far side of a transfer: it checks a bundle that has arrived in a file, unpacks it and gives it to
// the engine. It runs on the host, in a container of the edge's image, and must not know how the file got there.
package load

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/longshore-dev/longshore/internal/image/bundle"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/internal/image/delta"
)

// Options say what to load.
type Options struct {
	// Bundle is the file, Digest the SHA-256 that it has to have, in hexadecimal.
	Bundle, Digest string
	// Plain is the number of bytes within; more are refused.
	Plain int64
	// Rebuilt is the number of bytes of the layers that it has deltas of; more are refused.
	Rebuilt int64
	// Socket is the engine's.
	Socket string
	// Images are those of the engine's that hold the layers which the deltas copy from.
	Images []string
	// Engine is the engine's own folder, where it has one that package classic understands; empty where it has not, so that
	// it has to save the images.
	Engine string
	// Chunks is the folder for the chunk indexes of the layers that are loaded, and for the layers that are copied from
	// while that is done. Where it is empty no index is kept.
	Chunks string
}

// The exit codes of `longshore-edge load`, by which the near side knows what to do. Any other means that the helper
// itself does not work.
const (
	ExitCorrupt = 41 // what arrived is not what was sent: send it again
	ExitRefused = 42 // the engine does not take it; its words are the last line
	ExitBase    = 43 // a layer that it copies from is not there as it should be: send the layers whole
)

// ErrCorrupt is a file that is not what was sent; ErrRefused an engine that does not take it.
var (
	ErrCorrupt = errors.New("the upload is not what was sent")
	ErrRefused = errors.New("the engine refuses the image")
)

// ExitCode is the exit code for an error of Run.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrCorrupt), errors.Is(err, bundle.ErrMalformed):
		return ExitCorrupt
	case errors.Is(err, ErrRefused):
		return ExitRefused
	case errors.Is(err, delta.ErrBase):
		return ExitBase
	default:
		return 1
	}
}

// Run loads the bundle. Nothing reaches the engine before the whole file has proved to be what was sent.
func Run(ctx context.Context, o Options) error {
	file, err := os.Open(o.Bundle)
	if err != nil {
		return fmt.Errorf("open the bundle: %w", err)
	}
	defer file.Close()
	if err := verify(file, o.Digest); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the bundle again: %w", err)
	}
	engine, closing := connect(o.Socket)
	defer closing()
	return unpack(ctx, file, o, engine)
}

// unpack gives the engine the archive.
func unpack(ctx context.Context, file io.Reader, o Options, engine *http.Client) error {
	decoder, err := decode(file, o.Plain)
	if err != nil {
		return err
	}
	defer decoder.Close()
	archive, err := bundle.Open(decoder)
	if err != nil {
		return err
	}
	how := bundle.Options{Rebuilt: o.Rebuilt}
	if o.Chunks != "" {
		how.Watch = chunk.NewStore(o.Chunks).Watch
	}
	if wanted := archive.Bases(); len(wanted) > 0 {
		found, err := fetch(ctx, engine, o, wanted)
		if err != nil {
			return err
		}
		defer found.file.Close()
		how.Bases = found.sources
	}
	reader, writer := io.Pipe()
	unpacked := make(chan error, 1)
	go func() {
		err := archive.Copy(writer, how)
		writer.CloseWithError(err)
		unpacked <- err
	}()
	err = post(ctx, engine, reader)
	reader.CloseWithError(io.ErrClosedPipe)
	if broken := <-unpacked; broken != nil && !errors.Is(broken, io.ErrClosedPipe) {
		return broken
	}
	return err
}

func verify(file io.Reader, digest string) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("read the bundle: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != digest {
		return fmt.Errorf("%w: its SHA-256 is %s", ErrCorrupt, got)
	}
	return nil
}

// unpackMemory bounds what a compressed stream may ask the decoder for.
const unpackMemory = 64 << 20

// Unpack copies a compressed bundle's archive, and refuses one that is longer than plain bytes, malformed or with deltas.
func Unpack(w io.Writer, packed io.Reader, plain int64) error {
	decoder, err := decode(packed, plain)
	if err != nil {
		return err
	}
	defer decoder.Close()
	archive, err := bundle.Open(decoder)
	if err != nil {
		return err
	}
	return archive.Copy(w, bundle.Options{})
}

// decoded is what is within a compressed bundle.
type decoded struct {
	bounded
	decoder *zstd.Decoder
}

func (d *decoded) Close() { d.decoder.Close() }

func decode(packed io.Reader, plain int64) (*decoded, error) {
	decoder, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(unpackMemory))
	if err != nil {
		return nil, fmt.Errorf("unpack the bundle: %w", err)
	}
	// Whoever reads one byte too many has found too much.
	return &decoded{bounded{reader: decoder, left: plain}, decoder}, nil
}

type bounded struct {
	reader io.Reader
	left   int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.reader.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: it unpacks to more than was said", ErrCorrupt)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return n, err
}
