package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// dialWithin bounds the wait for the engine's socket.
const dialWithin = 10 * time.Second

// connect makes a client for the engine at a socket. The paths without a version are the engine's own newest.
func connect(socket string) (client *http.Client, closing func()) {
	dialer := &net.Dialer{Timeout: dialWithin}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", socket)
	}}
	return &http.Client{Transport: transport}, transport.CloseIdleConnections
}

// post has the engine load an archive.
func post(ctx context.Context, engine *http.Client, archive io.Reader) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://engine/images/load?quiet=1", archive)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-tar")
	response, err := engine.Do(request)
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
