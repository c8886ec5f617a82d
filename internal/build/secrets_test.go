package build

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// Every kind of secret is served by its id, and the values that were not known before are told.
func TestReadSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LONGSHORE_BUILD_TEST_SECRET", "from a variable")
	var found []string
	store, err := Request{
		Build: app.Build{Secrets: []app.BuildSecret{
			{ID: "a", Secret: "TOKEN", Sealed: "a sealed text"}, {ID: "b", File: file}, {ID: "c", Env: "LONGSHORE_BUILD_TEST_SECRET"},
		}},
		Values: map[string]secret.String{"TOKEN": secret.New("from the run")},
		Found:  func(v secret.String) { found = append(found, v.Reveal()) },
	}.readSecrets()
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"a": "from the run", "b": "from a file", "c": "from a variable"} {
		if got, err := store.GetSecret(t.Context(), id); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
	if _, err := store.GetSecret(t.Context(), "TOKEN"); err == nil {
		t.Error("a secret is served by its name, which no build asks for")
	}
	if !slices.Equal(found, []string{"from a file", "from a variable"}) {
		t.Errorf("told %q", found)
	}
	if got := store.redactor().Replace("it says from the run, from a file"); got != "it says ***, ***" {
		t.Error(got)
	}
}
