package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// socket sends one message after the other on a WebSocket and reads its echo. An app that goes away in order (a close
// with "going away" or "service restart") makes it connect anew and is no loss; all else that ends a connection is.
type socket struct {
	options Options
	client  *http.Client
	conn    *websocket.Conn
	version string
	ended   chan error  // gets the error that ended conn's reading
	echoes  chan string // what conn read
	done    context.CancelFunc
	count   int
}

func newSocket(o Options) *socket {
	return &socket{options: o, client: &http.Client{Transport: &http.Transport{}}}
}

func (s *socket) close() {
	if s.conn != nil {
		_ = s.conn.Close(websocket.StatusNormalClosure, "")
		s.forget()
	}
	s.client.CloseIdleConnections()
}

func (s *socket) forget() {
	s.done()
	_ = s.conn.CloseNow()
	s.conn = nil
}

func (s *socket) send(ctx context.Context) (string, error) {
	for {
		if s.conn == nil {
			if err := s.dial(ctx); err != nil {
				return "", err
			}
		}
		err := s.exchange(ctx)
		if err == nil {
			return s.version, nil
		}
		version := s.version
		s.forget()
		if !orderly(err) {
			return version, err
		}
	}
}

func (s *socket) dial(ctx context.Context) error {
	conn, response, err := websocket.Dial(ctx, s.options.URL+s.options.Paths[WebSocket],
		&websocket.DialOptions{HTTPClient: s.client, Host: s.options.Host})
	if err != nil {
		return fmt.Errorf("open a WebSocket: %w", err)
	}
	s.conn, s.version = conn, response.Header.Get("App-Version")
	s.ended, s.echoes = make(chan error, 1), make(chan string, 1)
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.done = cancel
	go read(reading, conn, s.echoes, s.ended)
	return nil
}

// read reads all the time, so that a goodbye is answered also between two messages.
func read(ctx context.Context, conn *websocket.Conn, echoes chan<- string, ended chan<- error) {
	for {
		_, message, err := conn.Read(ctx)
		if err != nil {
			ended <- err
			return
		}
		select {
		case echoes <- string(message):
		case <-ctx.Done():
			return
		}
	}
}

func (s *socket) exchange(ctx context.Context) error {
	s.count++
	message := fmt.Sprintf("message %d", s.count)
	if err := s.conn.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
		// What ended the reading says why the writing failed.
		select {
		case ended := <-s.ended:
			return ended
		case <-time.After(time.Second):
			return fmt.Errorf("send a message: %w", err)
		}
	}
	select {
	case echo := <-s.echoes:
		if echo != message {
			return fmt.Errorf("echoed %q to %q", echo, message)
		}
		return nil
	case err := <-s.ended:
		return err
	case <-ctx.Done():
		return errors.New("a message was not echoed in time")
	}
}

func orderly(err error) bool {
	code := websocket.CloseStatus(err)
	return code == websocket.StatusGoingAway || code == websocket.StatusServiceRestart
}
