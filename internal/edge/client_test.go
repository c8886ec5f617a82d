package edge_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
)

// answering is a client of a server that answers every call with one text and status.
func answering(t *testing.T, status int, body string) *edge.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return edge.New(func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	})
}

func TestClientTellsFailuresApart(t *testing.T) {
	for body, want := range map[string]error{
		`{"code":"fenced","message":"m"}`:     edge.ErrFenced,
		`{"code":"live","message":"m"}`:       edge.ErrLive,
		`{"code":"invalid","message":"m"}`:    edge.ErrInvalid,
		`{"code":"superseded","message":"m"}`: edge.ErrSuperseded,
	} {
		err := answering(t, 409, body).Drop(t.Context(), "o/p/s", "1-a")
		if !errors.Is(err, want) || !strings.Contains(err.Error(), "m") {
			t.Errorf("%s: %v", body, err)
		}
	}
	var conflict *edge.ConflictError
	err := answering(t, 409, `{"code":"conflict","owner":"o/p/s","host":"h","path":"/"}`).Drop(t.Context(), "o/p/t", "1-a")
	if !errors.As(err, &conflict) || conflict.Owner != "o/p/s" || conflict.Host != "h" {
		t.Errorf("%v", err)
	}
}

// TestClientNoticesThatItsCanaryIsNotServed is answered as by an edge that reads past what it does not know.
func TestClientNoticesThatItsCanaryIsNotServed(t *testing.T) {
	table := app.EdgeTable{Site: "o/p/s", Release: "1-a", Canary: &app.EdgeCanary{Release: "2-b", Weight: 5}}
	if _, err := answering(t, 200, `{"previous":null}`).Put(t.Context(), table); !errors.Is(err, edge.ErrNoCanary) {
		t.Errorf("%v", err)
	}
	if _, err := answering(t, 200, `{"previous":null,"weight":5}`).Put(t.Context(), table); err != nil {
		t.Error(err)
	}
}

func TestClientNamesWhatItCannotRead(t *testing.T) {
	if _, err := answering(t, 502, "<html>").Status(t.Context()); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("%v", err)
	}
	if _, err := answering(t, 200, "<html>").Status(t.Context()); err == nil || !strings.Contains(err.Error(), edge.PathStatus) {
		t.Errorf("%v", err)
	}
}

func TestClientPassesOnTheDialsErrorAndTheDeadline(t *testing.T) {
	refused := edge.New(func(context.Context) (net.Conn, error) { return nil, syscall.ECONNREFUSED })
	if _, err := refused.Status(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	silent := edge.New(func(context.Context) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { _ = server.Close() })
		return client, nil
	})
	if _, err := silent.Status(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
