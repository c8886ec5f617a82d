package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

func TestErrorKinds(t *testing.T) {
	start := func(e *Engine) error { return e.ContainerStart(context.Background(), "x") }
	create := func(e *Engine) error {
		_, err := e.ContainerCreate(context.Background(), "x", app.Container{Image: "i"})
		return err
	}
	network := func(e *Engine) error {
		_, err := e.NetworkCreate(context.Background(), "x", app.Network{})
		return err
	}
	connect := func(e *Engine) error {
		return e.NetworkConnect(context.Background(), "x", "c", app.Attachment{})
	}
	volume := func(e *Engine) error { return e.VolumeRemove(context.Background(), "x") }
	for name, test := range map[string]struct {
		call   func(*Engine) error
		path   string
		answer http.HandlerFunc
		kind   error
	}{
		"missing":            {start, "POST /containers/x/start", refusal(404, "No such container: x"), host.ErrNotFound},
		"port of container":  {start, "POST /containers/x/start", refusal(500, "driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:80 failed: port is already allocated"), host.ErrPortTaken},
		"port of process":    {start, "POST /containers/x/start", refusal(500, "Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use"), host.ErrPortTaken},
		"port, newer engine": {start, "POST /containers/x/start", refusal(500, "failed to bind host port for 0.0.0.0:80/tcp: address already in use"), host.ErrPortTaken},
		"IP address":         {start, "POST /containers/x/start", refusal(403, "Address already in use"), host.ErrAddressTaken},
		"disk":               {create, "POST /containers/create", refusal(500, "mkdir /var/lib/docker/overlay2/x: no space left on device"), host.ErrDiskFull},
		"name":               {create, "POST /containers/create", refusal(409, "Conflict. The container name \"/x\" is already in use"), host.ErrConflict},
		"nonsense":           {create, "POST /containers/create", refusal(400, "invalid mount config"), host.ErrInvalid},
		"network":            {network, "POST /networks/create", refusal(409, "network with name x already exists"), host.ErrConflict},
		"subnet":             {network, "POST /networks/create", refusal(403, "Pool overlaps with other one on this address space"), host.ErrAddressTaken},
		"endpoint":           {connect, "POST /networks/x/connect", refusal(403, "endpoint with name c already exists in network x"), host.ErrConflict},
		"volume in use":      {volume, "DELETE /volumes/x", refusal(409, "volume is in use"), nil},
		"trouble":            {start, "POST /containers/x/start", refusal(500, "OCI runtime create failed"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := startFake(t, &fakeEngine{version: "1.45", answers: map[string]http.HandlerFunc{test.path: test.answer}})
			err := test.call(e)
			if err == nil {
				t.Fatal("no error")
			}
			for _, kind := range []error{
				host.ErrNotFound, host.ErrConflict, host.ErrPortTaken, host.ErrAddressTaken, host.ErrDiskFull,
				host.ErrInvalid, host.ErrNoDocker, host.ErrUnreachable,
			} {
				if errors.Is(err, kind) != (kind == test.kind) {
					t.Errorf("%v: is %q: %v", err, kind, errors.Is(err, kind))
				}
			}
			if text := err.Error(); !strings.HasPrefix(text, "host web-1: ") || strings.Contains(text, "response from daemon") {
				t.Errorf("text: %s", text)
			}
		})
	}
}

func TestNoEngine(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		kind error
	}{
		"refused":       {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, host.ErrNoDocker},
		"no socket":     {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENOENT)}, host.ErrNoDocker},
		"no permission": {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EACCES)}, host.ErrNoDocker},
		"by kind":       {fmt.Errorf("login as root: %w", host.ErrRefused), host.ErrRefused},
		"by both":       {fmt.Errorf("%w: %w", host.ErrNoDocker, fmt.Errorf("%w: %w", host.ErrNotFound, syscall.ENOENT)), host.ErrNoDocker},
		"anything else": {errors.New("no route"), host.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := New(func(context.Context) (net.Conn, error) { return nil, test.err }, "web-1")
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.ContainerInspect(t.Context(), "x")
			if errors.Is(err, host.ErrNotFound) {
				t.Errorf("passes for a missing container: %v", err)
			}
			if !errors.Is(err, test.kind) || !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.err.Error()) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestBrokenConnection(t *testing.T) {
	e := startFake(t, &fakeEngine{version: "1.45", answers: map[string]http.HandlerFunc{
		"POST /containers/x/start": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}})
	if err := e.ContainerStart(t.Context(), "x"); !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("%v", err)
	}
}
