package secret

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

func TestResolveFindsTheNearest(t *testing.T) {
	w := newWorld(t)
	w.set(w.line(app.ScopeOrganization, "SMTP"), "of the organization")
	w.set(w.line(app.ScopeProject, "TOKEN"), "of the project")
	w.set(w.line(app.ScopeSite, "TOKEN"), "of the site, once")
	w.set(w.line(app.ScopeSite, "TOKEN"), "of the site")
	w.pend(w.line(app.ScopeSite, "TOKEN"), "not yet", "")
	path := filepath.Join(t.TempDir(), "cert.pem")
	writeFile(t, path, "in a file\n")
	t.Setenv("TEST_TOKEN", "in the environment")
	asked := []app.Secret{
		{Name: "CERT", Source: app.SecretSource{From: app.FromFile, File: path}},
		{Name: "ENV", Source: app.SecretSource{From: app.FromEnv, Variable: "TEST_TOKEN"}},
		{Name: "PRINTED", Source: app.SecretSource{From: app.FromCommand, Command: []string{"printf", "by a program"}}},
		{Name: "SMTP"},
		{Name: "TOKEN"},
	}
	got, err := w.resolve(asked...)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ value, version, scope string }{
		{"in a file\n", "h", ""}, {"in the environment", "h", ""}, {"by a program", "h", ""},
		{"of the organization", "1", app.ScopeOrganization}, {"of the site", "2", app.ScopeSite},
	} {
		s := got[i]
		if s.Name != asked[i].Name || !strings.HasPrefix(s.Version, want.version) || s.Scope != want.scope || s.Source.From != asked[i].Source.From {
			t.Errorf("%+v, want %+v", s, want)
		}
		if text := w.opened(s.Name, s.Sealed); text != want.value {
			t.Errorf("%s is %q, want %q", s.Name, text, want.value)
		}
	}
	again, err := w.resolve(asked...)
	if err != nil || !slices.EqualFunc(got, again, func(a, b app.Secret) bool { return a.Version == b.Version }) {
		t.Errorf("equal values have other versions: %v, %v", again, err)
	}
	t.Setenv("TEST_TOKEN", "another")
	if changed, err := w.resolve(asked[1]); err != nil || changed[0].Version == got[1].Version {
		t.Errorf("another value has the same version: %v, %v", changed, err)
	}
}

func TestResolveNamesAllThatIsMissing(t *testing.T) {
	w := newWorld(t)
	w.set(w.line(app.ScopeProject, "HAVE"), "it is here")
	w.pend(w.line(app.ScopeSite, "PENDING"), "not yet", "")
	_, err := w.ResolveSecrets(t.Context(), activities.SecretsInput{
		Scopes: w.scopes,
		Secrets: []app.Secret{
			{Name: "DATABASE_URL"}, {Name: "HAVE"}, {Name: "PENDING"},
			{Name: "TOKEN", Source: app.SecretSource{From: app.FromEnv, Variable: "TEST_NOT_SET"}},
		},
		Wants: map[string][]string{"DATABASE_URL": {"web", "worker"}, "TOKEN": {"build of web"}, "HAVE": {"db"}},
	})
	refused(t, err, "3 secrets are missing: DATABASE_URL, wanted by web and worker, is not in acme/shop/production, nor in acme/shop, nor in acme",
		"PENDING is not in acme/shop/production", "TOKEN, wanted by build of web, is not in the variable TEST_NOT_SET",
		"longshore secret set DATABASE_URL, longshore secret set PENDING.", "Put what is missing")
	if f := activities.FailureOf(err); strings.Contains(f.Message, "HAVE") || strings.Contains(f.Advice, "set TOKEN") {
		t.Errorf("%+v", f)
	}
	_, err = w.resolve(app.Secret{Name: "ONE"})
	refused(t, err, "a secret is missing: ONE is not in acme/shop/production")
}

func TestResolveRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		arrange func(w *world)
		words   []string
	}{
		"a lost identity": {func(w *world) {
			if err := os.Remove(w.Finder.Keys.Path); err != nil {
				w.t.Fatal(err)
			}
		}, []string{"TOKEN, wanted by web, cannot be read", "this machine has no identity"}},
		"another machine's identity": {func(w *world) {
			w.Finder.Keys.Path = filepath.Join(w.t.TempDir(), "identity.txt")
			if _, err := w.Finder.Keys.Ensure(); err != nil {
				w.t.Fatal(err)
			}
		}, []string{"TOKEN, wanted by web, cannot be read", "longshore key recipient add age1"}},
		"an identity that others can read": {func(w *world) {
			if err := os.Chmod(w.Finder.Keys.Path, 0o644); err != nil {
				w.t.Fatal(err)
			}
		}, []string{"TOKEN", "chmod 600"}},
		"a file that was changed": {func(w *world) {
			path := filepath.Join(w.line(app.ScopeProject, "TOKEN").Scope.Folder, "TOKEN.json")
			data, err := os.ReadFile(path)
			if err != nil {
				w.t.Fatal(err)
			}
			writeFile(w.t, path, strings.Replace(string(data), `"ann"`, `"eve"`, 1))
		}, []string{"TOKEN", "is not as it was written"}},
		"too much together": {func(w *world) {
			for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
				w.set(w.line(app.ScopeProject, name), strings.Repeat(name, 64<<10))
			}
		}, []string{"524301 bytes together"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.set(w.line(app.ScopeProject, "TOKEN"), "correct horse")
			test.arrange(w)
			names, err := w.folder(w.line(app.ScopeProject, "").Scope).Names()
			if err != nil {
				t.Fatal(err)
			}
			in := activities.SecretsInput{Scopes: w.scopes, Wants: map[string][]string{"TOKEN": {"web"}}}
			for _, name := range names {
				in.Secrets = append(in.Secrets, app.Secret{Name: name})
			}
			_, err = w.ResolveSecrets(t.Context(), in)
			refused(t, err, test.words...)
		})
	}
}

func TestResolveTellsOneReasonOnce(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"A", "B", "C"} {
		w.set(w.line(app.ScopeProject, name), "correct horse")
	}
	if err := os.Remove(w.Finder.Keys.Path); err != nil {
		t.Fatal(err)
	}
	_, err := w.ResolveSecrets(t.Context(), activities.SecretsInput{
		Scopes: w.scopes, Secrets: []app.Secret{{Name: "A"}, {Name: "B"}, {Name: "C"}}, Wants: map[string][]string{"B": {"web"}},
	})
	refused(t, err, "A and B, wanted by web, and C cannot be read: ")
	if n := strings.Count(activities.FailureOf(err).Message, "this machine has no identity"); n != 1 {
		t.Errorf("the reason is told %d times", n)
	}
}

// What a program or a disk says is tried again, and is told as what it is if that does not help.
func TestResolveRetriesWhatMayMend(t *testing.T) {
	w := newWorld(t)
	_, err := w.resolve(app.Secret{Name: "A", Source: app.SecretSource{From: app.FromCommand, Command: []string{"false"}}})
	var application *temporal.ApplicationError
	if f := activities.FailureOf(err); !errors.As(err, &application) || application.NonRetryable() || f.Kind != app.KindSecret || !strings.Contains(f.Message, "the command false failed") {
		t.Errorf("%v", err)
	}
	_, err = w.resolve(app.Secret{Name: "A", Source: app.SecretSource{From: app.FromCommand, Command: []string{"false"}}}, app.Secret{Name: "B"})
	refused(t, err, "a secret is missing: B", "A cannot be read")
	if _, err := w.ResolveSecrets(ended(t), activities.SecretsInput{Secrets: []app.Secret{{Name: "B"}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled step says %v", err)
	}
}
