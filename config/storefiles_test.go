package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// putIn writes files into a folder that is there, and makes those between.
func putIn(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		text, _ := os.ReadFile(path) // another text each time
		if err := os.WriteFile(path, append(text, 'x'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStoreIsNoChange lets secrets be set and rotated in a checkout: the tree stays clean, and the release keeps its name.
func TestStoreIsNoChange(t *testing.T) {
	const compose = "services:\n  web: {build: {context: %s, additional_contexts: {all: .}}}\n"
	for _, c := range []struct {
		name string
		// project is the project's folder in the repository.
		project string
		file    string // longshore.yml
		store   string // in the repository
		org     string
		context string // as compose.yaml has it
	}{
		{"the default folder", "", "", "secrets", "", "."},
		{"a project below", "deploy", "", "deploy/secrets", "", ".."},
		{"a folder beside", "deploy", "secret_store: {folder: ../ops/keys}\n", "ops/keys", "", ".."},
		{"an organization in the repository", "", "secret_store: {folder: s, organization: o}\n", "s", "o", "."},
	} {
		t.Run(c.name, func(t *testing.T) {
			repo := write(t, map[string]string{"main.go": "package main\n", "Dockerfile": "FROM scratch\n"})
			dir := filepath.Join(repo, c.project)
			putIn(t, dir, "Dockerfile")
			put(t, dir, "compose.yaml", strings.ReplaceAll(compose, "%s", c.context))
			put(t, dir, "longshore.yml", "keep: 3\n"+c.file)
			own := []string{c.store + "/recipients.txt", c.store + "/project/A.json", c.store + "/sites/production/B.json"}
			if c.org != "" {
				own = append(own, c.org+"/recipients.txt", c.org+"/C.json")
			}
			o := Options{Host: "local"}
			content := load(t, dir, o).Spec.Source.ID
			putIn(t, repo, own...)
			p := load(t, dir, o)
			if p.Spec.Source.ID != content || content[0] != 'c' {
				t.Errorf("without git: %s after secrets were set, %s before", p.Spec.Source.ID, content)
			}
			want := []string{c.store + "/recipients.txt", c.store + "/project", c.store + "/sites"}
			if c.org != "" {
				want = append(want, c.org)
			}
			var excluded []string
			for _, path := range p.Spec.Services[0].Build.Exclude {
				rel, err := filepath.Rel(repo, path)
				if err != nil {
					t.Fatal(err)
				}
				excluded = append(excluded, rel)
			}
			if diff := cmp.Diff(want, excluded); diff != "" {
				t.Errorf("kept out of the image (-want +got):\n%s", diff)
			}

			for _, name := range own {
				if err := os.Remove(filepath.Join(repo, name)); err != nil {
					t.Fatal(err)
				}
			}
			runGit(t, repo, "init", "-q")
			runGit(t, repo, "add", "-A")
			runGit(t, repo, "commit", "-qm", "First")
			sha := runGit(t, repo, "rev-parse", "HEAD")
			clean := func(when string) {
				t.Helper()
				source := load(t, dir, o).Spec.Source
				if source.Dirty || source.SHA != sha || source.ID != sha[:7] {
					t.Errorf("%s: %+v", when, source)
				}
			}
			putIn(t, repo, own...)
			clean("secrets that git does not know")
			runGit(t, repo, "add", "-A")
			clean("secrets that are staged")
			runGit(t, repo, "commit", "-qm", "Second")
			sha = runGit(t, repo, "rev-parse", "HEAD")
			putIn(t, repo, own...)
			clean("secrets that were changed")
			if err := os.Remove(filepath.Join(repo, own[2])); err != nil {
				t.Fatal(err)
			}
			clean("a secret that was removed")

			// What lies beside the store is a change all the same, and only that is told.
			putIn(t, repo, c.store+"/notes.txt")
			_, err := tryLoad(t, dir, o)
			var dirty *DirtyError
			if !errors.As(err, &dirty) || !slices.Equal(dirty.Files, []string{c.store + "/notes.txt"}) {
				t.Fatalf("a file beside the store: %v", err)
			}
			o.Dirty = true
			before := load(t, dir, o).Spec.Source.ID
			putIn(t, repo, own...)
			if after := load(t, dir, o).Spec.Source.ID; after != before {
				t.Errorf("a dirty tree: %s after a rotation, %s before", after, before)
			}
			putIn(t, repo, "main.go")
			if after := load(t, dir, o).Spec.Source.ID; after == before {
				t.Error("another source has the same name")
			}
		})
	}
}

// TestFolderThatIsNoStore has folders of the project's own, which only have the store's names.
func TestFolderThatIsNoStore(t *testing.T) {
	dir := write(t, map[string]string{"compose.yaml": "services:\n  web: {build: .}\n", "Dockerfile": "FROM scratch\n", "secrets/project/main.go": "x"})
	o := Options{Host: "local"}
	before := load(t, dir, o)
	if got := before.Spec.Services[0].Build.Exclude; got != nil {
		t.Errorf("kept out of the image: %v", got)
	}
	putIn(t, dir, "secrets/project/main.go")
	if load(t, dir, o).Spec.Source.ID == before.Spec.Source.ID {
		t.Error("another source has the same name")
	}
	runGit(t, dir, "init", "-q")
	runGit(t, dir, "add", "compose.yaml", "Dockerfile")
	runGit(t, dir, "commit", "-qm", "First")
	_, err := tryLoad(t, dir, o)
	var dirty *DirtyError
	if !errors.As(err, &dirty) || !slices.Equal(dirty.Files, []string{"secrets/"}) {
		t.Errorf("got %v", err)
	}
}
