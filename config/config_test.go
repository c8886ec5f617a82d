package config

import (
	"context"
	"os"
	"path/filepath"
	"testing"
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
