package link

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func open(t *testing.T) *Link {
	t.Helper()
	l, err := New(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(t *testing.T, l *Link) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// say sends a line and returns how long its echo took.
func say(conn net.Conn, within time.Duration) (time.Duration, error) {
	start := time.Now()
	if err := conn.SetDeadline(start.Add(within)); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		return 0, err
	}
	_, err := bufio.NewReader(conn).ReadString('\n')
	return time.Since(start), err
}

func TestPassesAndCounts(t *testing.T) {
	l := open(t)
	conn := dial(t, l)
	if _, err := say(conn, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if sent, received := l.Bytes(); sent != 6 || received != 6 {
		t.Errorf("counted %d and %d bytes, want 6 and 6", sent, received)
	}
}

func TestHalfCloseReachesTheOtherSide(t *testing.T) {
	l := open(t)
	conn := dial(t, l).(*net.TCPConn)
	if _, err := io.WriteString(conn, "last words"); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	all, err := io.ReadAll(conn)
	if err != nil || string(all) != "last words" {
		t.Errorf("got %q, %v", all, err)
	}
}

func TestCutResetsOldAndNewConnections(t *testing.T) {
	l := open(t)
	old := dial(t, l)
	if _, err := say(old, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	l.Cut()
	if _, err := say(old, 5*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("an old connection got %v, want a reset", err)
	}
	if conn, err := net.Dial("tcp", l.Addr()); err == nil {
		defer conn.Close()
		if _, err := say(conn, 5*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a new connection got %v, want a reset", err)
		}
	}
	l.Restore()
	if _, err := say(dial(t, l), 5*time.Second); err != nil {
		t.Errorf("after Restore: %v", err)
	}
}

func TestStallIsSilentAndLosesNothing(t *testing.T) {
	l := open(t)
	conn := dial(t, l)
	if _, err := say(conn, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	l.Stall()
	if _, err := say(conn, 150*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("while stalled: %v, want silence", err)
	}
	l.Restore()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "hello\n" {
		t.Errorf("after Restore: %q, %v", line, err)
	}
}

func TestDelayAndBandwidth(t *testing.T) {
	l := open(t)
	conn := dial(t, l)
	l.Delay(50 * time.Millisecond)
	if took, err := say(conn, 5*time.Second); err != nil || took < 100*time.Millisecond {
		t.Errorf("a round trip took %v, %v, want at least 100 ms", took, err)
	}
	l.Delay(0)
	l.Bandwidth(256 << 10)
	start := time.Now()
	go func() { _, _ = conn.Write(make([]byte, 64<<10)) }()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(conn, make([]byte, 64<<10)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 180*time.Millisecond {
		t.Errorf("64 KiB at 256 KiB/s took %v", took)
	}
}
