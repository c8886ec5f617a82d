package local_test

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/hosttest"
	"github.com/longshore-dev/longshore/internal/host/local"
)

func TestContract(t *testing.T) {
	state := t.TempDir()
	hosttest.Run(t, func(t *testing.T) host.Host {
		h, err := local.New(app.Host{Name: "here", Address: app.LocalAddress, StateDir: state})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
		return h
	}, hosttest.World{Socket: echo(t)})
}

func TestNoDocker(t *testing.T) {
	h, err := local.New(app.Host{Name: "here", Address: app.LocalAddress, StateDir: t.TempDir(), DockerSocket: filepath.Join(t.TempDir(), "none")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Engine().Info(t.Context()); !errors.Is(err, host.ErrNoDocker) {
		t.Errorf("an absent engine gives %v, want ErrNoDocker", err)
	}
}

func TestStateFolderMustBeAbsolute(t *testing.T) {
	if _, err := local.New(app.Host{Name: "here", StateDir: "state"}); !errors.Is(err, host.ErrSettings) {
		t.Errorf("error = %v, want ErrSettings", err)
	}
}

func echo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "echo")
	listener, err := net.Listen("unix", path)
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
	return path
}
