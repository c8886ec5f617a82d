package reach

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
)

// learned are the values that are to be masked.
type learned []string

func (l *learned) Learn(value secret.String) { *l = append(*l, value.Reveal()) }

func TestKeysAreThoseOfTheMoment(t *testing.T) {
	dir := t.TempDir()
	var known learned
	k := keys{store.Keys{Path: filepath.Join(dir, "state", "identity.txt")}, &known}
	asked := app.SecretLine{Name: "DEPLOY_KEY", Scope: app.SecretScope{
		Kind: app.ScopeProject, Of: "acme/shop", Folder: filepath.Join(dir, "project"), Recipients: filepath.Join(dir, "recipients.txt"),
	}}
	refused := func(says ...string) {
		t.Helper()
		got, err := k.read(t.Context(), asked)
		if err == nil {
			t.Fatalf("read %q", got.Reveal())
		}
		for _, text := range says {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%q does not say %q", err, text)
			}
		}
	}
	refused("DEPLOY_KEY is not in acme/shop", "longshore secret set DEPLOY_KEY")
	if _, err := os.Stat(k.identities.Path); err == nil {
		t.Error("a read has made an identity")
	}
	folder := store.Folder{Scope: asked.Scope, Keys: k.identities}
	for i, value := range []string{"the first key", "the second key"} {
		if _, err := folder.Add(asked.Name, store.NewVersion{Value: secret.New(value), By: "ann"}); err != nil {
			t.Fatal(err)
		}
		got, err := k.read(t.Context(), asked)
		if err != nil || got.Reveal() != value || len(known) != i+1 || known[i] != value {
			t.Errorf("%q, learned %q, %v", got.Reveal(), known, err)
		}
	}
	k.identities.Path = filepath.Join(dir, "of another machine")
	refused("the secret DEPLOY_KEY", "has no identity", "longshore key show")
	if len(known) != 2 {
		t.Errorf("learned %q", known)
	}
}
