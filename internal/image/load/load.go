// Package load is the far side of a transfer: it checks a bundle that has arrived in a file, unpacks it and gives it to
// the engine. It runs on the host, in a container of the edge's image, and must not know how the file got there.
package load

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/longshore-dev/longshore/internal/image/bundle"
)

// Options say what to load.
type Options struct {
	// Bundle is the file, Digest the SHA-256 that it has to have, in hexadecimal.
	Bundle, Digest string
	// Plain is the number of bytes within; more are refused.
	Plain int64
	// Socket is the engine's.
	Socket string
}

// The exit codes of `longshore-edge load`, by which the near side knows what to do. Any other means that the helper
// itself does not work.
const (
	ExitCorrupt = 41 // what arrived is not what was sent: send it again
	ExitRefused = 42 // the engine does not take it; its words are the last line
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
	reader, writer := io.Pipe()
	unpacked := make(chan error, 1)
	go func() {
		err := Unpack(writer, file, o.Plain)
		writer.CloseWithError(err)
		unpacked <- err
	}()
	err = post(ctx, o.Socket, reader)
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

// Unpack copies a compressed bundle's archive, and refuses one that is longer than plain bytes or malformed.
func Unpack(w io.Writer, packed io.Reader, plain int64) error {
	decoder, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(unpackMemory))
	if err != nil {
		return fmt.Errorf("unpack the bundle: %w", err)
	}
	defer decoder.Close()
	// Whoever reads one byte too many has found too much.
	return bundle.Copy(w, &bounded{reader: decoder, left: plain})
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

// dialWithin bounds the wait for the engine's socket.
const dialWithin = 10 * time.Second

// post has the engine load an archive. The path without a version is the engine's own newest.
func post(ctx context.Context, socket string, archive io.Reader) error {
	dialer := &net.Dialer{Timeout: dialWithin}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://engine/images/load?quiet=1", archive)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-tar")
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return fmt.Errorf("ask the engine to load the image: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		return errors.Join(fmt.Errorf("%w: %s: %s", ErrRefused, response.Status, said), err)
	}
	return answer(response.Body)
}

// answer reads the engine's messages to their end: a failure comes as one of them.
func answer(body io.Reader) error {
	for messages := json.NewDecoder(body); ; {
		var message struct {
			Error string `json:"error"`
		}
		err := messages.Decode(&message)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the engine's answer: %w", err)
		}
		if message.Error != "" {
			return fmt.Errorf("%w: %s", ErrRefused, message.Error)
		}
	}
}
