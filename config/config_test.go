package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes a project folder outside git. Names may hold folders.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// environ is an environment with a home of its own, so that the tester's settings do not matter.
func environ(t *testing.T, more ...string) []string {
	t.Helper()
	return append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, more...)
}

func load(t *testing.T, dir string, o Options) *Project {
	t.Helper()
	p, err := tryLoad(t, dir, o)
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	return p
}

func tryLoad(t *testing.T, dir string, o Options) (*Project, error) {
	t.Helper()
	o.Dir = dir
	if o.Environ == nil {
		o.Environ = environ(t)
	}
	return Load(context.Background(), o)
}

func TestSpecTooLarge(t *testing.T) {
	dir := write(t, map[string]string{"compose.yaml": oneService, "big.env": "BIG=" + strings.Repeat("x", maxSpecBytes) + "\n",
		"more.yaml": "services:\n  web: {env_file: big.env}\n"})
	load(t, dir, Options{Host: "local"})
	_, err := tryLoad(t, dir, Options{Host: "local", Compose: []string{"compose.yaml", "more.yaml"}})
	if err == nil || !strings.Contains(err.Error(), "larger than the 1500 kB that may go to 1 hosts") {
		t.Errorf("got %.200v", err)
	}
}

// TestLoadIsRepeatable finds an order that comes from a map.
func TestLoadIsRepeatable(t *testing.T) {
	dir := write(t, map[string]string{"compose.yaml": "services:\n" +
		"  a: {image: a, environment: {A: 1, B: 2, C: 3}, networks: [n, m, l], depends_on: [b, c], extra_hosts: [x:192.0.2.1, y:192.0.2.2], ulimits: {nproc: 1, nofile: 2}}\n" +
		"  b: {image: b, volumes: ['v:/v', 'w:/w']}\n  c: {image: c}\nnetworks: {n: , m: , l: }\nvolumes: {v: , w: }\n"})
	o := Options{Host: "local", Environ: environ(t)}
	first := load(t, dir, o)
	for range 10 {
		if diff := cmp.Diff(first.Spec, load(t, dir, o).Spec); diff != "" {
			t.Fatalf("another spec (-first +later):\n%s", diff)
		}
	}
}
