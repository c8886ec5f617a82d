// Package engine holds docker-compose.temporal.yml to what docs/engine.md says of it.
package engine

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

const (
	composeFile = "../../docker-compose.temporal.yml"
	docFile     = "../../docs/engine.md"
)

// entry is a service as the table of the docs has it.
type entry struct{ Image, Published string }

func TestComposeIsWhatTheDocsSay(t *testing.T) {
	got := map[string]entry{}
	for name, service := range load(t).Services {
		var published []string
		for _, p := range service.Ports {
			published = append(published, p.HostIP+":"+p.Published)
		}
		got[name] = entry{Image: service.Image, Published: strings.Join(published, ", ")}
	}
	if diff := cmp.Diff(documented(t), got); diff != "" {
		t.Errorf("docs/engine.md (-) and docker-compose.temporal.yml (+) differ:\n%s", diff)
	}
}

func TestComposeIsFitForProduction(t *testing.T) {
	project := load(t)
	for name, service := range project.Services {
		tag := service.Image[strings.LastIndex(service.Image, ":")+1:]
		if service.Build != nil || !strings.Contains(service.Image, ":") || tag == "latest" {
			t.Errorf("%s: the image %s is not pinned", name, service.Image)
		}
		for _, p := range service.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is published beyond loopback", name, p.Published)
			}
		}
		once := service.Restart != "unless-stopped"
		if once && !strings.HasPrefix(service.Restart, "on-failure") {
			t.Errorf("%s: restart is %q", name, service.Restart)
		}
		if !once && (service.HealthCheck == nil || len(service.HealthCheck.Test) == 0) {
			t.Errorf("%s: has no health check", name)
		}
		for _, v := range service.Volumes {
			if v.Type == types.VolumeTypeVolume && v.Source == "" {
				t.Errorf("%s: the volume at %s has no name", name, v.Target)
			}
		}
		for dependency, how := range service.DependsOn {
			if how.Condition == types.ServiceConditionStarted {
				t.Errorf("%s: does not wait until %s is of use", name, dependency)
			}
		}
	}
	if len(project.Volumes) == 0 {
		t.Error("nothing is kept in a named volume")
	}
}

// TestComposeHasNoDefaultSecret holds that each variable that matters is asked for.
func TestComposeHasNoDefaultSecret(t *testing.T) {
	for name := range environment() {
		env := environment()
		delete(env, name)
		if _, err := loadWith(t, env); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s the file loads (%v), want an error that names it", name, err)
		}
	}
}

func environment() map[string]string {
	return map[string]string{"TEMPORAL_POSTGRES_PASSWORD": "secret", "LONGSHORE_KEYS": "/keys.json", "LONGSHORE_SSH": "/ssh"}
}

func load(t *testing.T) *types.Project {
	t.Helper()
	project, err := loadWith(t, environment())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func loadWith(t *testing.T, env map[string]string) (*types.Project, error) {
	t.Helper()
	path, err := filepath.Abs(composeFile)
	if err != nil {
		t.Fatal(err)
	}
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  filepath.Dir(path),
		ConfigFiles: []types.ConfigFile{{Filename: path}},
		Environment: env,
	}, func(o *loader.Options) { o.SetProjectName("longshore-engine", true) })
}

// documented reads the table of services.
func documented(t *testing.T) map[string]entry {
	t.Helper()
	text, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| `([^`]+)` \\| (?:`([^`]+)`|-) \\|")
	table := map[string]entry{}
	for _, match := range row.FindAllStringSubmatch(string(text), -1) {
		table[match[1]] = entry{Image: match[2], Published: match[3]}
	}
	if len(table) == 0 {
		t.Fatal("docs/engine.md has no table of services")
	}
	return table
}

// TestComposeKeysAreReadOnly holds that no container can change the key ring, and that both that need it have it.
func TestComposeKeysAreReadOnly(t *testing.T) {
	var have []string
	for name, service := range load(t).Services {
		for _, v := range service.Volumes {
			if v.Source != "/keys.json" {
				continue
			}
			have = append(have, name)
			if !v.ReadOnly {
				t.Errorf("%s: the key ring can be written", name)
			}
		}
	}
	if slices.Sort(have); !slices.Equal(have, []string{"codec", "worker"}) {
		t.Errorf("the key ring is in %v, want codec and worker", have)
	}
}
