//go:build e2e

package contract

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/hosttest"
)

const actorImage = "longshore-contract-actor:1"

// actor is the program that the contract's containers run, and its image in save form.
type actor struct {
	binary []byte
	image  []byte
}

func buildActor(ctx context.Context, t *testing.T) actor {
	t.Helper()
	path := filepath.Join(t.TempDir(), "actor")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./testdata/actor")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the actor: %v\n%s", err, out)
	}
	binary, err := os.ReadFile(path)
	must(t, err)
	var root bytes.Buffer
	archive := tar.NewWriter(&root)
	must(t, archive.WriteHeader(&tar.Header{Name: "actor", Mode: 0o755, Size: int64(len(binary))}))
	_, err = archive.Write(binary)
	must(t, err)
	must(t, archive.Close())
	docker(ctx, t, &root, "import", "--change", `ENTRYPOINT ["/actor"]`, "-", actorImage)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		docker(ctx, t, nil, "image", "rm", actorImage)
	})
	return actor{binary: binary, image: docker(ctx, t, nil, "save", actorImage)}
}

// world is the contract's world where the actor's image is loaded.
func (a actor) world() hosttest.World {
	return hosttest.World{
		Engine:  true,
		Runs:    app.Container{Image: actorImage, Command: []string{"run"}},
		Exits:   app.Container{Image: actorImage, Command: []string{"exit"}},
		Program: []string{"/actor"},
	}
}

func docker(ctx context.Context, t *testing.T, stdin io.Reader, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(ctx, "docker", args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("docker %s: %v: %s", args[0], err, stderr.String())
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
