package config

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSites(t *testing.T) {
	dir := t.TempDir()
	if got := Sites(dir); len(got) != 0 {
		t.Errorf("a folder without a file has %q", got)
	}
	text := "hosts:\n  here: { address: local }\nsites:\n  staging: { hosts: [here] }\n  production: { hosts: [here] }\n"
	if err := os.WriteFile(filepath.Join(dir, "longshore.yml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Sites(dir); !slices.Equal(got, []string{"production", "staging"}) {
		t.Errorf("got %q", got)
	}
}
