package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// vault is a source with versions of its own, as a server has.
type vault struct{}

func (vault) Find(_ context.Context, s app.Secret) (Found, error) {
	if s.Name == "GONE" {
		return Found{}, &NotFoundError{Name: s.Name, Where: []string{"the vault"}}
	}
	return Found{Value: secret.New("of the vault"), Version: "v7"}, nil
}

func finder(m machine) Finder {
	return Finder{
		Keys: m.keys, Sources: map[string]Source{app.FromEnv: Env{}, app.FromFile: File{}, "vault": vault{}},
		Version: func(name string, value secret.String) string { return name + "/" + value.Reveal() },
	}
}

func TestTheNearestScopeWins(t *testing.T) {
	m := newMachine(t, t.TempDir())
	f := finder(m)
	want := func(value, version, scope string) {
		t.Helper()
		found, err := f.Current(t.Context(), m.scopes(), app.Secret{Name: "X"})
		if err != nil || found.Value.Reveal() != value || found.Version != version || found.Scope != scope {
			t.Fatalf("%q %+v %v, want %s of %s", found.Value.Reveal(), found, err, value, scope)
		}
	}
	absent := func() {
		t.Helper()
		_, err := f.Current(t.Context(), m.scopes(), app.Secret{Name: "X"})
		var none *NotFoundError
		if !errors.As(err, &none) || !slices.Equal(none.Where, []string{"acme/shop/production", "acme/shop", "acme"}) {
			t.Fatal(err)
		}
	}
	absent()
	add(t, m.organization, "X", "of all")
	want("of all", "1", app.ScopeOrganization)
	pend(t, m.project, "X", "of the project", "r")
	want("of all", "1", app.ScopeOrganization) // a pending one is not used
	if _, err := m.project.Settle("X", Settlement{Current: 1}); err != nil {
		t.Fatal(err)
	}
	want("of the project", "1", app.ScopeProject)
	add(t, m.site, "X", "of the site")
	add(t, m.site, "X", "of the site, newer")
	want("of the site, newer", "2", app.ScopeSite)
	if err := m.site.Remove("X", "ann", ""); err != nil {
		t.Fatal(err)
	}
	want("of the project", "1", app.ScopeProject)

	// A nearer scope that is damaged is not passed over.
	add(t, m.site, "X", "of the site again")
	if err := os.WriteFile(m.site.path("X"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	var tampered *TamperedError
	if _, err := f.Current(t.Context(), m.scopes(), app.Secret{Name: "X"}); !errors.As(err, &tampered) {
		t.Fatal(err)
	}
	if _, err := f.Missing(m.scopes(), []app.Secret{{Name: "X"}}); !errors.As(err, &tampered) {
		t.Fatal(err)
	}
}

func TestOtherSources(t *testing.T) {
	m := newMachine(t, t.TempDir())
	f := finder(m)
	t.Setenv("STORE_TEST_TOKEN", "of the environment")
	env := app.Secret{Name: "A", Source: app.SecretSource{From: app.FromEnv, Variable: "STORE_TEST_TOKEN"}}
	if found, err := f.Current(t.Context(), nil, env); err != nil || found.Version != "A/of the environment" || found.Scope != "" {
		t.Errorf("%+v %v", found, err)
	}
	if found, err := f.Current(t.Context(), nil, app.Secret{Name: "A", Source: app.SecretSource{From: "vault"}}); err != nil || found.Version != "v7" {
		t.Errorf("%+v %v", found, err)
	}
	var none *NotFoundError
	if _, err := f.Current(t.Context(), nil, app.Secret{Name: "GONE", Source: app.SecretSource{From: "vault"}}); !errors.As(err, &none) {
		t.Error(err)
	}
	if _, err := f.Current(t.Context(), nil, app.Secret{Name: "A", Source: app.SecretSource{From: "nowhere"}}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Error(err)
	}
}

func TestMissingNeedsNoIdentity(t *testing.T) {
	shared := t.TempDir()
	m := newMachine(t, shared)
	add(t, m.project, "HAS", "a value")
	pend(t, m.project, "PENDING", "a value", "r")
	file := filepath.Join(shared, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	stranger := Finder{Keys: newMachine(t, shared).keys}
	missing, err := stranger.Missing(m.scopes(), []app.Secret{
		{Name: "B"}, {Name: "HAS"}, {Name: "PENDING"},
		{Name: "FILE", Source: app.SecretSource{From: app.FromFile, File: file}},
		{Name: "NO_FILE", Source: app.SecretSource{From: app.FromFile, File: file + "x"}},
		{Name: "NO_SOPS", Source: app.SecretSource{From: app.FromSOPS, File: file + "x"}},
		{Name: "ENV", Source: app.SecretSource{From: app.FromEnv, Variable: "STORE_TEST_NONE"}},
		{Name: "COMMAND", Source: app.SecretSource{From: app.FromCommand, Command: []string{"/none"}}},
		{Name: "A"},
	})
	var names []string
	for _, s := range missing {
		names = append(names, s.Name)
	}
	if err != nil || !slices.Equal(names, []string{"B", "PENDING", "NO_FILE", "NO_SOPS", "A"}) {
		t.Errorf("%v %v", names, err)
	}
	if _, err := os.Stat(stranger.Keys.Path); err == nil {
		t.Error("an identity was made")
	}
}

func TestState(t *testing.T) {
	m := newMachine(t, t.TempDir())
	add(t, m.project, "X", "one")
	add(t, m.project, "X", "two")
	f := Finder{}
	of := func(version, scope string) app.Secret { return app.Secret{Name: "X", Version: version, Scope: scope} }
	if got, err := f.State(m.scopes(), of("1", app.ScopeProject)); err != nil || got != app.VersionPrevious {
		t.Error(got, err)
	}
	if _, err := m.project.Settle("X", Settlement{Revoke: []int{1}}); err != nil {
		t.Fatal(err)
	}
	if got, err := f.State(m.scopes(), of("1", app.ScopeProject)); err != nil || got != app.VersionRevoked {
		t.Error(got, err)
	}
	var none *NotFoundError
	for _, gone := range []app.Secret{of("3", app.ScopeProject), of("1", app.ScopeSite), of("1", "region")} {
		if _, err := f.State(m.scopes(), gone); !errors.As(err, &none) {
			t.Errorf("%+v: %v", gone, err)
		}
	}
	if _, err := f.State(m.scopes(), of("h12", app.ScopeProject)); err == nil || errors.As(err, &none) {
		t.Error(err)
	}
	if err := m.project.Remove("X", "", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.State(m.scopes(), of("2", app.ScopeProject)); !errors.As(err, &none) {
		t.Error(err)
	}
}
