package config

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runGit changes a repository of the test, whatever the tester's own settings for git.
func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSourceOfGit(t *testing.T) {
	dir := write(t, map[string]string{"compose.yaml": "services:\n  web: {build: .}\n", "Dockerfile": "FROM scratch\n", ".gitignore": "*.log\n"})
	options := Options{Host: "local"}
	runGit(t, dir, "init", "-q")
	if p := load(t, dir, options); !strings.HasPrefix(p.Spec.Source.ID, "c") || p.Spec.Source.SHA != "" {
		t.Errorf("without a commit: %+v", p.Spec.Source)
	}
	runGit(t, dir, "add", "-A")
	runGit(t, dir, "commit", "-qm", "First words\n\nand more")
	sha := runGit(t, dir, "rev-parse", "HEAD")
	put(t, dir, "ignored.log", "x")

	clean := load(t, dir, options).Spec.Source
	if clean.ID != sha[:7] || clean.SHA != sha || clean.Subject != "First words" || clean.Dirty || clean.Directory != dir {
		t.Errorf("clean: %+v", clean)
	}

	put(t, dir, "a new file", "x")
	_, err := tryLoad(t, dir, options)
	var dirty *DirtyError
	if !errors.As(err, &dirty) || len(dirty.Files) != 1 || dirty.Files[0] != "a new file" || !strings.Contains(err.Error(), "--dirty") {
		t.Fatalf("dirty: %v", err)
	}
	options.Dirty = true
	first := load(t, dir, options).Spec.Source
	if !strings.HasPrefix(first.ID, "d") || len(first.ID) != 8 || !first.Dirty || first.SHA != sha {
		t.Errorf("dirty: %+v", first)
	}
	put(t, dir, "a new file", "y")
	if second := load(t, dir, options).Spec.Source; second.ID == first.ID {
		t.Errorf("another content has the same id %s", second.ID)
	}

	// The tree is the whole repository: what is built may lie outside the project's folder.
	if err := os.Mkdir(filepath.Join(dir, "deploy"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "deploy"), "compose.yaml", "services:\n  web: {build: ..}\n")
	runGit(t, dir, "add", "deploy")
	runGit(t, dir, "commit", "-qm", "Second")
	if _, err := tryLoad(t, filepath.Join(dir, "deploy"), Options{Host: "local"}); !errors.As(err, &dirty) {
		t.Errorf("a change beside the project's folder: %v", err)
	}
}

func TestDirtyErrorIsShort(t *testing.T) {
	err := &DirtyError{Files: strings.Split("a b c d e f g", " ")}
	if got := err.Error(); !strings.Contains(got, "a, b, c, d, e and 2 more;") {
		t.Errorf("got %q", got)
	}
}

func TestContentHash(t *testing.T) {
	files := map[string]string{
		"compose.yaml": "services:\n  web: {build: .}\n  other: {build: {context: ., dockerfile: Other}}\n", "Dockerfile": "FROM scratch\n",
		"Other": "FROM scratch\n", "main.go": "package main\n", "notes.md": "x", "keep.md": "x", "deep/notes.md": "x", ".env": "A=b\n",
		".dockerignore": "*.md\n!keep.md\n.env\n", "Other.dockerignore": "**\n",
	}
	id := func(t *testing.T, dir string) string {
		t.Helper()
		return load(t, dir, Options{Host: "local"}).Spec.Source.ID
	}
	base := id(t, write(t, files))
	if !strings.HasPrefix(base, "c") || len(base) != 8 {
		t.Fatalf("id %q", base)
	}
	for _, c := range []struct {
		name   string
		change func(dir string) error
		same   bool
	}{
		{"nothing", func(string) error { return nil }, true},
		{"an ignored file", func(dir string) error { return os.WriteFile(filepath.Join(dir, "notes.md"), []byte("y"), 0o644) }, true},
		{"git's own files", func(dir string) error { return os.MkdirAll(filepath.Join(dir, ".git", "x"), 0o755) }, true},
		{"a source file", func(dir string) error { return os.WriteFile(filepath.Join(dir, "main.go"), []byte("y"), 0o644) }, false},
		{"an exception of .dockerignore", func(dir string) error { return os.WriteFile(filepath.Join(dir, "keep.md"), []byte("y"), 0o644) }, false},
		{"a file below", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "deep", "notes.md"), []byte("y"), 0o644)
		}, false},
		{"the executable bit", func(dir string) error { return os.Chmod(filepath.Join(dir, "main.go"), 0o755) }, false},
		{"a name", func(dir string) error { return os.Rename(filepath.Join(dir, "main.go"), filepath.Join(dir, "app.go")) }, false},
		{"a link", func(dir string) error { return os.Symlink("main.go", filepath.Join(dir, "link")) }, false},
		{"the compose file", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(files["compose.yaml"]+"# x\n"), 0o644)
		}, false},
		{"longshore.yml", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "longshore.yml"), []byte("keep: 3\n"), 0o644)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, files)
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			if got := id(t, dir); (got == base) != c.same {
				t.Errorf("id %s, base %s, want the same: %v", got, base, c.same)
			}
		})
	}
}
