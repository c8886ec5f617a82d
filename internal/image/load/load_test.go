package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/longshore-dev/longshore/internal/image/bundle"
)

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// archive is a bundle of one layer.
func archive(t testing.TB, layer string) []byte {
	t.Helper()
	return bundled(t, []byte(layer), nil)
}

func pack(t testing.TB, data []byte) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return encoder.EncodeAll(data, nil)
}

// engine answers loads on a socket, and keeps what it was given whole.
type engine struct {
	socket string
	status int
	answer string
	saved  []byte
	saves  int // the status for that, 0 means OK

	mu    sync.Mutex
	asked []string // to be saved
	calls int
	got   []byte
}

func startEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{socket: filepath.Join(t.TempDir(), "docker.sock"), status: http.StatusOK, answer: `{"stream":"Loaded image: shop:1"}`}
	listener, err := net.Listen("unix", e.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: e, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return e
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/images/get" {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.asked = append(e.asked, r.URL.Query()["names"]...)
		if e.saves != 0 {
			w.WriteHeader(e.saves)
		}
		_, _ = w.Write(e.saved)
		return
	}
	data, err := io.ReadAll(r.Body)
	e.mu.Lock()
	e.calls++
	if err == nil && r.Method == http.MethodPost && r.URL.Path == "/images/load" {
		e.got = data
	}
	e.mu.Unlock()
	w.WriteHeader(e.status)
	fmt.Fprint(w, e.answer)
}

func TestLoad(t *testing.T) {
	plain := archive(t, "a layer")
	packed := pack(t, plain)
	length := int64(len(plain))
	for name, c := range map[string]struct {
		file   []byte
		digest string // empty means the file's own
		plain  int64
		status int
		answer string
		code   int
		calls  int
	}{
		"sound":                {file: packed, plain: length, calls: 1},
		"another digest":       {file: packed, digest: sum([]byte("x")), plain: length, code: ExitCorrupt},
		"truncated":            {file: packed[:len(packed)-1], digest: sum(packed), plain: length, code: ExitCorrupt},
		"longer than was said": {file: packed, plain: length - 1, code: ExitCorrupt, calls: 1},
		"not compressed":       {file: plain, plain: length, code: ExitCorrupt},
		"no bundle":            {file: pack(t, []byte("x")), plain: 1, code: ExitCorrupt},
		"the engine refuses":   {file: packed, plain: length, status: 500, answer: `{"message":"no"}`, code: ExitRefused, calls: 1},
		"an error in the end":  {file: packed, plain: length, answer: `{"stream":"x"}{"error":"no space left on device"}`, code: ExitRefused, calls: 1},
		"an answer cut short":  {file: packed, plain: length, answer: `{"stre`, code: 1, calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := startEngine(t)
			if c.status != 0 {
				e.status = c.status
			}
			if c.answer != "" {
				e.answer = c.answer
			}
			if c.digest == "" {
				c.digest = sum(c.file)
			}
			path := filepath.Join(t.TempDir(), "bundle")
			if err := os.WriteFile(path, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
			err := Run(t.Context(), Options{Bundle: path, Digest: c.digest, Plain: c.plain, Socket: e.socket})
			if ExitCode(err) != c.code {
				t.Errorf("%v is exit code %d, not %d", err, ExitCode(err), c.code)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			if c.calls == 0 && e.calls > 0 {
				t.Error("the engine was asked")
			}
			if whole := bytes.Equal(e.got, plain); whole != (c.code != ExitCorrupt) {
				t.Errorf("the engine was given %d bytes", len(e.got))
			}
		})
	}
}

func TestLoadWithoutAnEngine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle")
	plain := archive(t, "a layer")
	packed := pack(t, plain)
	if err := os.WriteFile(path, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Bundle: path, Digest: sum(packed), Plain: int64(len(plain)), Socket: filepath.Join(t.TempDir(), "none")}
	if err := Run(t.Context(), o); ExitCode(err) != 1 {
		t.Errorf("without an engine: %v", err)
	}
	o.Socket = startEngine(t).socket
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	o.Bundle = path + "-none"
	if err := Run(t.Context(), o); ExitCode(err) != 1 || !strings.Contains(err.Error(), "open the bundle") {
		t.Errorf("without a file: %v", err)
	}
}

// Whatever arrives, what an engine would be given is a bundle of no more bytes than were said.
func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, archive(f, "a layer")), int64(1<<20))
	f.Add(pack(f, bytes.Repeat([]byte{0}, 1<<20)), int64(1<<10))
	f.Add([]byte("x"), int64(1))
	f.Fuzz(func(t *testing.T, packed []byte, plain int64) {
		var out bytes.Buffer
		if Unpack(&out, bytes.NewReader(packed), plain) != nil {
			return
		}
		b, err := bundle.Open(bytes.NewReader(out.Bytes()))
		if err == nil {
			err = b.Copy(io.Discard, bundle.Options{})
		}
		if err != nil {
			t.Errorf("%d bytes were let through that are no bundle: %v", out.Len(), err)
		}
	})
}
