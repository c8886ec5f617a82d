package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInitWritesWhatLoads(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		port  int
	}{
		"dockerfile": {map[string]string{"Dockerfile": "FROM scratch AS a\nEXPOSE 1\nFROM scratch\nexpose 4000/tcp\n", "go.mod": "module x\n"}, 4000},
		"go":         {map[string]string{"go.mod": "module x\n"}, 8080},
		"node":       {map[string]string{"package.json": "{}"}, 3000},
		"nothing":    {map[string]string{}, 8080},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, c.files)
			files, err := Init(dir)
			if err != nil || len(files) != 2 {
				t.Fatalf("Init: %d files, %v", len(files), err)
			}
			for _, file := range files {
				if err := os.WriteFile(file.Path, file.Content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if _, ok := c.files["Dockerfile"]; !ok {
				if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			p := load(t, dir, Options{})
			if got := p.Spec.Services[0].Routes[0].Port; got != c.port {
				t.Errorf("port %d, want %d", got, c.port)
			}
			if p.Spec.Site.String() != "default/shop/production" || p.Spec.Hosts[0].Edge.HTTP != 8080 {
				t.Errorf("site %s, hosts %v", p.Spec.Site, p.Spec.Hosts)
			}
		})
	}
}

func TestInitLeavesWhatIsThere(t *testing.T) {
	dir := write(t, map[string]string{"docker-compose.yml": "services: {}\n"})
	files, err := Init(dir)
	if err != nil || len(files) != 1 || !strings.HasSuffix(files[0].Path, "longshore.yml") {
		t.Errorf("got %v, %v", files, err)
	}
	if _, err := Init(filepath.Join(dir, "missing")); err == nil {
		t.Error("a missing folder is no error")
	}
}
