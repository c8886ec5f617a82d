package build

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
	"github.com/tonistiigi/fsutil"

	"github.com/longshore-dev/longshore/internal/app"
)

// TestExclude looks at what a build may read of folders that hold more.
func TestExclude(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"Dockerfile", "main.go", "secrets/list", "secrets/project/A.json", "secrets/project/deep/x", "secrets/project.go", "secretsy/b"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("FROM scratch\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opt := &client.SolveOpt{FrontendAttrs: map[string]string{}, LocalMounts: map[string]fsutil.FS{}}
	r := Request{Build: app.Build{
		Context: dir, AdditionalContexts: map[string]string{"more": filepath.Join(dir, "secrets")},
		Exclude: []string{filepath.Join(dir, "secrets", "list"), filepath.Join(dir, "secrets", "project"), "/elsewhere"},
	}}
	_, cleanup, err := r.sources(opt)
	defer cleanup()
	if err != nil {
		t.Fatal(err)
	}
	for mount, want := range map[string][]string{
		contextMount:      {"Dockerfile", "main.go", "secrets", "secrets/project.go", "secretsy", "secretsy/b"},
		"additional-more": {"project.go"},
	} {
		var got []string
		err := opt.LocalMounts[mount].Walk(context.Background(), "", func(path string, _ fs.DirEntry, err error) error {
			got = append(got, path)
			return err
		})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s (-want +got): %v\n%s", mount, err, diff)
		}
	}
}
