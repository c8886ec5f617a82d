// Package arch holds the walls of the house: which folder may import what, each with its reason.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/longshore-dev/longshore/"

// wall forbids imports in a folder and all below it. Paths that end in "/" stand for all below them.
type wall struct {
	folder string
	// except are folders below it that the wall does not bind.
	except []string
	// only, where given, lists all that may be imported beside the standard library.
	only   []string
	never  []string
	reason string
}

var walls = []wall{
	{
		folder: "internal/app", only: []string{},
		reason: "the shared words must cost nothing to import",
	},
	{
		folder: "internal/planner", only: []string{module + "internal/app"}, never: []string{"os", "net", "net/http", "time", "math/rand", "crypto/rand"},
		reason: "a plan must be the same for the same arguments: no I/O, no clock, no chance",
	},
	{
		folder: "workflows",
		only:   []string{"go.temporal.io/", module + "activities", module + "internal/app", module + "internal/planner"},
		never:  []string{"os", "os/exec", "net", "net/http", "math/rand", "crypto/rand"},
		reason: "workflows replay: they may only decide, and only the contract may act for them",
	},
	{
		folder: "starter",
		never: []string{
			module + "activities/build", module + "activities/container", module + "activities/edge", module + "activities/host",
			module + "activities/release", module + "activities/transfer", module + "activities/fence", module + "activities/failing",
			module + "activities/heartbeat", module + "activities/secret", module + "activities/unseal", module + "activities/secretfiles",
			module + "activities/masking", module + "activities/rotation", module + "activities/credential", module + "activities/site",
			module + "activities/bootstrap",
			module + "worker/", module + "internal/ssh", module + "internal/docker", module + "internal/host", module + "internal/host/",
			module + "internal/build", module + "internal/image/", module + "internal/edge", module + "internal/edge/",
			"golang.org/x/crypto/ssh", "golang.org/x/crypto/ssh/", "github.com/docker/docker/",
		},
		reason: "the CLI must start fast and must work where it cannot reach a host: the worker does the work",
	},
	{
		folder: "internal", never: []string{"go.temporal.io/", module + "config", module + "workflows", module + "activities", module + "activities/", module + "worker/", module + "starter/"},
		reason: "mechanism must be usable and testable without the engine and the user's files",
	},
	{
		folder: "internal/image",
		never:  []string{module + "internal/host", module + "internal/host/", module + "internal/docker", module + "internal/ssh", "github.com/docker/docker/"},
		reason: "the helper on the hosts is made of it, and must stay small; how a bundle is carried is not its affair",
	},
	{
		folder: "activities",
		never:  []string{module + "config", module + "worker/", module + "starter/", "github.com/spf13/viper"},
		reason: "an activity is told everything by its input",
	},
	{
		folder: "internal/store", never: []string{module + "internal/host", module + "internal/host/", module + "internal/sealed", module + "internal/keyring"},
		reason: "a place for secrets must not know how their values travel, nor where they go",
	},
	{
		folder: "internal/sealed", never: []string{module + "internal/store", module + "internal/store/", module + "internal/host", module + "internal/host/"},
		reason: "what carries values must not know where they come from, nor where they go",
	},
	{
		folder: "", except: []string{"worker", "internal/store/sops"}, never: []string{module + "internal/store/sops", "github.com/getsops/sops/v3", "github.com/getsops/sops/v3/"},
		reason: "only the worker links SOPS, and the key services of clouds with it",
	},
	{
		folder: "", except: []string{"internal/store", "testsuite"}, never: []string{"filippo.io/age", "filippo.io/age/"},
		reason: "one package knows how secrets are encrypted",
	},
	{
		folder: "", except: []string{"config", "testsuite"}, never: []string{"github.com/spf13/viper"},
		reason: "settings are read in one place",
	},
	{
		folder: "", except: []string{"internal/edge", "testsuite"}, never: []string{"github.com/caddyserver/caddy/v2", "github.com/caddyserver/caddy/v2/"},
		reason: "only the edge's own binary links the proxy",
	},
}

// contract are the files directly in activities/: what workflows and the starter import.
func TestTheContractKnowsNoImplementation(t *testing.T) {
	for _, file := range goFiles(t, "activities") {
		if filepath.ToSlash(filepath.Dir(file.path)) != "activities" {
			continue
		}
		for _, path := range file.imports {
			if strings.HasPrefix(path, module) && path != module+"internal/app" {
				t.Errorf("%s imports %s: the contract knows only internal/app", file.path, path)
			}
		}
	}
}

func TestWalls(t *testing.T) {
	for _, w := range walls {
		files := goFiles(t, w.folder)
		if len(files) == 0 {
			t.Errorf("there is nothing in %q: the wall guards nothing", w.folder)
		}
		for _, file := range files {
			if within(file.path, w.except) {
				continue
			}
			for _, path := range file.imports {
				if w.forbids(path) {
					t.Errorf("%s imports %s, which %q must not: %s", file.path, path, w.folder, w.reason)
				}
			}
		}
	}
}

// forbids judges one import. Packages of the wall's own folder are always free to each other.
func (w wall) forbids(path string) bool {
	if w.folder != "" && (path == module+w.folder || strings.HasPrefix(path, module+w.folder+"/")) {
		return false
	}
	if matches(path, w.never) {
		return true
	}
	return w.only != nil && !standard(path) && !matches(path, w.only)
}

func matches(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return path == p || (strings.HasSuffix(p, "/") && strings.HasPrefix(path, p))
	})
}

// standard packages have no dot in their first element.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func within(path string, folders []string) bool {
	path = filepath.ToSlash(path)
	return slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(path, f+"/") })
}

type goFile struct {
	path    string // from the repository's top
	imports []string
}

// goFiles are the files of a folder and all below it, without tests and test worlds.
func goFiles(t *testing.T, folder string) []goFile {
	t.Helper()
	top := filepath.Join("..", "..")
	var out []goFile
	err := filepath.WalkDir(filepath.Join(top, folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != filepath.Join(top, folder) && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		file := goFile{path: relative}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			file.imports = append(file.imports, imported)
		}
		out = append(out, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A wall that forbids nothing would pass every test above.
func TestForbids(t *testing.T) {
	w := wall{folder: "workflows", only: []string{"go.temporal.io/", module + "activities"}, never: []string{"os"}}
	for path, want := range map[string]bool{
		"os": true, "fmt": false, "go.temporal.io/sdk/workflow": false, module + "activities": false,
		module + "activities/build": true, "go.uber.org/zap": true, module + "workflows/inner": false,
	} {
		if got := w.forbids(path); got != want {
			t.Errorf("forbids(%q) is %v", path, got)
		}
	}
}
