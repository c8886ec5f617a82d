package golden

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/docker"
)

var update = flag.Bool("update", false, "write the requests anew")

// request is what the engine is asked for, service by service, without what an empty container asks for as well.
type request struct {
	Platform         string         `json:",omitempty"`
	Config           map[string]any `json:",omitempty"`
	HostConfig       map[string]any `json:",omitempty"`
	NetworkingConfig map[string]any `json:",omitempty"`
}

func TestComposeToDockerRequest(t *testing.T) {
	fragments, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(fragments) == 0 {
		t.Fatalf("no fragments: %v", err)
	}
	for _, fragment := range fragments {
		name := strings.TrimSuffix(filepath.Base(fragment), ".yaml")
		t.Run(name, func(t *testing.T) {
			got := requests(t, filepath.Base(fragment))
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("request differs from %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// requests loads a fragment from a folder of its own, outside git.
func requests(t *testing.T, fragment string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	project, err := config.Load(context.Background(), config.Options{
		Dir: dir, Compose: []string{fragment}, Host: app.LocalAddress, Profiles: []string{"debug"},
		Environ: []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "FROM_CALLER=caller"},
	})
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	out := map[string]request{}
	for _, service := range project.Spec.Services {
		service.Container.Files = nil // written to the host first; config's own tests hold them
		out[service.Name] = translate(t, service.Container)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte(strings.ReplaceAll(string(text), dir, "$DIR")), '\n')
}

func translate(t *testing.T, c app.Container) request {
	t.Helper()
	created, host, networking, err := docker.CreateRequest(c)
	if err != nil {
		t.Fatalf("translate: %v", err)
	}
	emptyCreated, emptyHost, _, err := docker.CreateRequest(app.Container{})
	if err != nil {
		t.Fatalf("translate nothing: %v", err)
	}
	return request{
		Platform:         c.Platform,
		Config:           without(fields(t, created), fields(t, emptyCreated)),
		HostConfig:       without(fields(t, host), fields(t, emptyHost)),
		NetworkingConfig: endpoints(fields(t, networking)),
	}
}

func fields(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// without drops the fields that are the same in base.
func without(all, base map[string]any) map[string]any {
	for key, value := range all {
		if reflect.DeepEqual(value, base[key]) {
			delete(all, key)
		}
	}
	return all
}

// endpoints drops the fields of each endpoint that the engine fills in.
func endpoints(networking map[string]any) map[string]any {
	all, _ := networking["EndpointsConfig"].(map[string]any)
	for _, value := range all {
		endpoint, _ := value.(map[string]any)
		for key, field := range endpoint {
			if field == nil || reflect.ValueOf(field).IsZero() {
				delete(endpoint, key)
			}
		}
	}
	return all
}
