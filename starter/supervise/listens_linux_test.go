package supervise

import (
	"net"
	"os"
	"testing"
)

func TestListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if ours, err := listens(os.Getpid(), port); err != nil || !ours {
		t.Errorf("this process listens on %d, and is not known to: %v", port, err)
	}
	if ours, err := listens(os.Getppid(), port); err != nil || ours {
		t.Errorf("another process is taken for the listener on %d: %v", port, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if ours, err := listens(os.Getpid(), port); err != nil || ours {
		t.Errorf("nobody listens on %d any more: %v", port, err)
	}
}
