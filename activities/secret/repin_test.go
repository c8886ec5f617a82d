package secret

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/store"
)

func TestRepin(t *testing.T) {
	for name, test := range map[string]struct {
		arrange func(w *world, l app.SecretLine)
		version string
		value   string
		note    string
	}{
		"still current": {func(*world, app.SecretLine) {}, "1", "first value", ""},
		"previous":      {func(w *world, l app.SecretLine) { w.set(l, "second value") }, "1", "first value", ""},
		"revoked": {func(w *world, l app.SecretLine) {
			w.set(l, "second value")
			w.settle(l, store.Settlement{Revoke: []int{1}})
		}, "2", "second value", "version 1 of TOKEN is revoked: the current one, version 2, is used in its place"},
		"removed, and there in a wider scope": {func(w *world, l app.SecretLine) {
			w.set(w.line(app.ScopeOrganization, "TOKEN"), "wider value")
			if err := w.folder(l.Scope).Remove(l.Name, "ann", ""); err != nil {
				w.t.Fatal(err)
			}
		}, "1", "wider value", "the current one, version 1 of the organization's, is used in its place"},
		"no folder any more": {func(w *world, l app.SecretLine) {
			if err := os.RemoveAll(l.Scope.Folder); err != nil {
				w.t.Fatal(err)
			}
		}, "1", "first value", "is used again as it was"},
		"a broken file": {func(w *world, l app.SecretLine) {
			writeFile(w.t, filepath.Join(l.Scope.Folder, "TOKEN.json"), "{")
		}, "1", "first value", "is used again as it was"},
		"no identity, which this takes none of": {func(w *world, _ app.SecretLine) {
			if err := os.Remove(w.Finder.Keys.Path); err != nil {
				w.t.Fatal(err)
			}
		}, "1", "first value", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := w.line(app.ScopeProject, "TOKEN")
			w.set(l, "first value")
			pinned, err := w.resolve(app.Secret{Name: "TOKEN"})
			if err != nil {
				t.Fatal(err)
			}
			test.arrange(w, l)
			got, err := w.RepinSecrets(t.Context(), activities.SecretsInput{Scopes: w.scopes, Secrets: pinned})
			if err != nil {
				t.Fatal(err)
			}
			s := got.Secrets[0]
			if s.Version != test.version || w.opened("TOKEN", s.Sealed) != test.value {
				t.Errorf("version %s", s.Version)
			}
			if note := strings.Join(got.Notes, ""); (test.note == "") != (note == "") || !strings.Contains(note, test.note) {
				t.Errorf("%q", note)
			}
		})
	}
}

func TestRepinFromElsewhereStays(t *testing.T) {
	w := newWorld(t)
	t.Setenv("TEST_TOKEN", "first value")
	pinned, err := w.resolve(app.Secret{Name: "TOKEN", Source: app.SecretSource{From: app.FromEnv, Variable: "TEST_TOKEN"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_TOKEN", "second value")
	got, err := w.RepinSecrets(t.Context(), activities.SecretsInput{Secrets: pinned})
	if err != nil || !reflect.DeepEqual(got, activities.SecretsResult{Secrets: pinned}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRepinRefuses(t *testing.T) {
	w := newWorld(t)
	l := w.line(app.ScopeProject, "TOKEN")
	w.set(l, "first value")
	pinned, err := w.resolve(app.Secret{Name: "TOKEN"})
	if err != nil {
		t.Fatal(err)
	}
	in := activities.SecretsInput{Scopes: w.scopes, Secrets: pinned, Wants: map[string][]string{"TOKEN": {"web"}}}
	if err := w.folder(l.Scope).Remove(l.Name, "ann", ""); err != nil {
		t.Fatal(err)
	}
	_, err = w.RepinSecrets(t.Context(), in)
	refused(t, err, "a secret is missing: TOKEN, wanted by web, is not in", "longshore secret set TOKEN")

	other, err := keyring.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	w.Opener.Sealer.Ring = other
	_, err = w.RepinSecrets(t.Context(), in)
	refused(t, err, "TOKEN", "copy the key ring", "Bring back the key ring")
}

func (w *world) settle(l app.SecretLine, s store.Settlement) {
	w.t.Helper()
	if _, err := w.folder(l.Scope).Settle(l.Name, s); err != nil {
		w.t.Fatal(err)
	}
}
