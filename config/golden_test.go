package config

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

var update = flag.Bool("update", false, "write the golden files anew: read them before committing")

// TestServices holds compose files to the services, networks, volumes and secrets that a deploy is told of.
func TestServices(t *testing.T) {
	inputs, err := filepath.Glob("testdata/services/*.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, input := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(input), ".yaml"), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "shop")
			if err := os.CopyFS(dir, os.DirFS("testdata/services")); err != nil {
				t.Fatal(err)
			}
			p := load(t, dir, Options{Compose: []string{filepath.Base(input)}, Host: app.LocalAddress, Environ: environ(t, "BUILD_TOKEN=t", "MOTD=hello")})
			text, err := json.MarshalIndent(struct {
				Services []app.Service
				Networks []app.Network
				Volumes  []app.Volume
				Secrets  []app.Secret `json:",omitempty"`
			}{p.Spec.Services, p.Spec.Networks, p.Spec.Volumes, p.Spec.Secrets}, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(string(text), dir, "$DIR") + "\n"
			golden := strings.TrimSuffix(input, ".yaml") + ".json"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}
