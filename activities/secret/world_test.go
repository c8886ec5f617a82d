package secret

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	value "github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
)

// world is a worker with a file store of three scopes, in folders of the test.
type world struct {
	Activities
	t      *testing.T
	masker *value.Masker
	scopes []app.SecretScope // the nearest first
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	ring, err := keyring.Open(filepath.Join(dir, "state", "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, masker: &value.Masker{}}
	sealer := sealed.Sealer{Ring: ring}
	w.Activities = Activities{
		Finder: store.Finder{
			Keys:    store.Keys{Path: filepath.Join(dir, "state", "identity.txt")},
			Sources: map[string]store.Source{app.FromFile: store.File{}, app.FromEnv: store.Env{}, app.FromCommand: store.Command{}},
			Version: sealer.Version,
		},
		Opener: unseal.Opener{Sealer: sealer, Masker: w.masker},
	}
	for _, s := range []struct{ kind, of, folder string }{
		{app.ScopeSite, "acme/shop/production", "secrets/sites/production"},
		{app.ScopeProject, "acme/shop", "secrets/project"},
		{app.ScopeOrganization, "acme", "acme"},
	} {
		list := filepath.Join(dir, "secrets", "recipients.txt")
		if s.kind == app.ScopeOrganization {
			list = filepath.Join(dir, "acme", "recipients.txt")
		}
		w.scopes = append(w.scopes, app.SecretScope{Kind: s.kind, Of: s.of, Folder: filepath.Join(dir, s.folder), Recipients: list})
	}
	return w
}

// line is a secret of a scope, by the scope's kind.
func (w *world) line(kind, name string) app.SecretLine {
	w.t.Helper()
	for _, scope := range w.scopes {
		if scope.Kind == kind {
			return app.SecretLine{Name: name, Scope: scope}
		}
	}
	w.t.Fatalf("no scope %q", kind)
	return app.SecretLine{}
}

// set gives a secret a current value.
func (w *world) set(l app.SecretLine, text string) {
	w.t.Helper()
	if _, err := w.folder(l.Scope).Add(l.Name, store.NewVersion{Value: value.New(text), By: "ann"}); err != nil {
		w.t.Fatal(err)
	}
}

// pend gives a secret a pending value.
func (w *world) pend(l app.SecretLine, text, rotation string) int {
	w.t.Helper()
	v, err := w.folder(l.Scope).Add(l.Name, store.NewVersion{Value: value.New(text), State: app.VersionPending, By: "ann", Rotation: rotation})
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Number
}

// states are those of a secret's versions, the oldest first.
func (w *world) states(l app.SecretLine) string {
	w.t.Helper()
	record, err := w.folder(l.Scope).Read(l.Name)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, v := range record.Versions {
		out = append(out, string(v.State))
	}
	return strings.Join(out, " ")
}

// opened is the value in a sealed text, which has to be masked by now.
func (w *world) opened(name, text string) string {
	w.t.Helper()
	v, err := w.Opener.Sealer.Open(name, text)
	if err != nil {
		w.t.Fatal(err)
	}
	if masked := w.masker.Mask(v.Reveal()); masked != "***" {
		w.t.Errorf("the value of %s is not masked", name)
	}
	return v.Reveal()
}

func (w *world) resolve(secrets ...app.Secret) ([]app.Secret, error) {
	w.t.Helper()
	out, err := w.ResolveSecrets(w.t.Context(), activities.SecretsInput{Scopes: w.scopes, Secrets: secrets})
	return out.Secrets, err
}

// refused has an error be a failure of secrets that no retry mends, with all these words.
func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	f := activities.FailureOf(err)
	application, ok := err.(*temporal.ApplicationError)
	if !ok || f.Kind != app.KindSecret || !application.NonRetryable() {
		t.Fatalf("got %v", err)
	}
	for _, word := range words {
		if !strings.Contains(f.Message+" "+f.Advice, word) {
			t.Errorf("%q is not in %q, %q", word, f.Message, f.Advice)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ended is a context that has ended.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
