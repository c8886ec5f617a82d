//go:build e2e

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
)

const (
	site = "default/shop/production"
	host = "shop.example.com"
)

// build makes the real binary.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "longshore-edge")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// process is one running edge.
type process struct {
	cmd  *exec.Cmd
	done chan error
}

// startEdge starts an edge and waits until the admin socket leads to it.
func startEdge(t *testing.T, binary, dir string, port int) *process {
	t.Helper()
	before := ""
	if status, err := client(dir).Status(t.Context()); err == nil {
		before = status.Instance
	}
	cmd := exec.Command(binary, "run", "--state", dir, "--http", strconv.Itoa(port))
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, done: make(chan error, 1)}
	go func() { p.done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	eventually(t, "the edge answers", func() bool {
		status, err := client(dir).Status(t.Context())
		return err == nil && status.Instance != before
	})
	return p
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func client(dir string) *edge.Client {
	return edge.New(func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, edge.Socket))
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// service echoes each request's body, and says which release it is.
func service(t *testing.T, release string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if r.URL.Path == "/slow" {
			time.Sleep(20 * time.Millisecond)
		}
		w.Header().Set("Release", release)
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s
}

func table(n int, upstream string) app.EdgeTable {
	return app.EdgeTable{Site: site, Release: fmt.Sprintf("%d-a", n), Fence: int64(n), Routes: []app.EdgeRoute{{
		Service: "web", Upstreams: []string{strings.TrimPrefix(upstream, "http://")},
		Route: app.Route{Hosts: []string{host}, Port: 80},
	}}}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
