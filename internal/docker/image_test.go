package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

func messages(lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 4))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, strings.Join(lines, "\r\n"))
	}
}

func TestLoad(t *testing.T) {
	load := func(body io.Reader, lines ...string) error {
		f := &fakeEngine{version: "1.41", answers: map[string]http.HandlerFunc{"POST /images/load": messages(lines...)}}
		return startFake(t, f).ImageLoad(t.Context(), body)
	}
	err := load(strings.NewReader("data"), `{"stream":"x"}`, `{"errorDetail":{"message":"write /x: no space left on device"},"error":"x"}`)
	if !errors.Is(err, host.ErrDiskFull) {
		t.Errorf("an error in the stream: %v", err)
	}
	if err := load(strings.NewReader("data"), `{"stream":"x"}`, `{"stre`); err == nil {
		t.Error("a stream that was cut passed")
	}
	body := bytes.NewReader(make([]byte, 8<<20))
	if err := load(io.MultiReader(body), `{"stream":"Loaded image: x"}`); err != nil {
		t.Error(err)
	}
	if body.Len() > 0 {
		t.Errorf("%d bytes of the archive are unread", body.Len())
	}
	broken := errors.New("source is gone")
	pr, pw := io.Pipe()
	pw.CloseWithError(broken)
	if err := load(pr); !errors.Is(err, broken) || errors.Is(err, host.ErrUnreachable) {
		t.Errorf("a broken source: %v", err)
	}
}

func TestPull(t *testing.T) {
	pull := func(progress func(int64, int64), lines ...string) error {
		f := &fakeEngine{version: "1.41", answers: map[string]http.HandlerFunc{"POST /images/create": messages(lines...)}}
		return startFake(t, f).ImagePull(t.Context(), "shop", host.PullOptions{Platform: "linux/amd64", Progress: progress})
	}
	var seen []string
	err := pull(func(current, total int64) { seen = append(seen, fmt.Sprintf("%d/%d", current, total)) },
		`{"status":"Pulling from library/shop","id":"latest"}`,
		`{"status":"Already exists","id":"a"}`,
		`{"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"b"}`,
		`{"status":"Downloading","progressDetail":{"current":5,"total":50},"id":"c"}`,
		`{"status":"Downloading","progressDetail":{"current":5,"total":50},"id":"c"}`,
		`{"status":"Download complete","progressDetail":{},"id":"b"}`,
		`{"status":"Extracting","progressDetail":{"current":1,"total":100},"id":"b"}`,
		`{"status":"Pull complete","progressDetail":{},"id":"b"}`,
		`{"status":"Pull complete","progressDetail":{},"id":"c"}`,
	)
	if got, want := strings.Join(seen, " "), "10/100 15/150 105/150 150/150"; err != nil || got != want {
		t.Errorf("%s, want %s: %v", got, want, err)
	}
	if err := pull(nil, `{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"a"}`, `{"errorDetail":{"message":"unauthorized"},"error":"unauthorized"}`); err == nil {
		t.Error("an error in the stream passed")
	}
}

func TestInspectedImage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: &fakeEngine{version: "1.51", answers: map[string]http.HandlerFunc{
		"GET /images/shop:1/json": answer(200, map[string]any{
			"Id": "sha256:1", "RepoTags": []string{"shop:1", "<none>:<none>"}, "Os": "linux", "Architecture": "amd64",
			"RepoDigests": []string{"mirror/shop@sha256:2222222222222222222222222222222222222222222222222222222222222222", "shop@sha256:1111111111111111111111111111111111111111111111111111111111111111"},
			"Created":     "2024-01-02T03:04:05.000000006Z",
			"RootFS":      map[string]any{"Layers": []string{"sha256:3"}}, "Config": map[string]any{"Labels": map[string]string{"a": "b"}},
		}),
	}}, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	e, err := New(func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "unix", path) }, "x")
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.ImageInspect(t.Context(), "shop:1")
	if err != nil {
		t.Fatal(err)
	}
	if got.Ref != "shop:1" || got.ID != "sha256:1" || !strings.HasPrefix(got.RepoDigest, "shop@") || len(got.Tags) != 1 ||
		len(got.Layers) != 1 || got.Labels["a"] != "b" || got.Created.Year() != 2024 {
		t.Errorf("%+v", got)
	}
}
