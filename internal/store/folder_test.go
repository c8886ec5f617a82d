package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// machine is a folder of identities, and the scopes that it knows: three, with one list of recipients for two of them.
type machine struct {
	keys         Keys
	site         Folder
	project      Folder
	organization Folder
}

func newMachine(t *testing.T, shared string) machine {
	t.Helper()
	m := machine{keys: Keys{Path: filepath.Join(t.TempDir(), "state", "identity.txt")}}
	folder := func(kind, of, path, recipients string) Folder {
		return Folder{
			Scope: app.SecretScope{Kind: kind, Of: of, Folder: filepath.Join(shared, path), Recipients: filepath.Join(shared, recipients)},
			Keys:  m.keys,
			Now:   func() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC) },
		}
	}
	m.site = folder(app.ScopeSite, "acme/shop/production", "project/sites/production", "project/recipients.txt")
	m.project = folder(app.ScopeProject, "acme/shop", "project/project", "project/recipients.txt")
	m.organization = folder(app.ScopeOrganization, "acme", "organization", "organization/recipients.txt")
	return m
}

func (m machine) readers() Readers {
	return Readers{Path: m.project.Scope.Recipients, Folders: []Folder{m.project, m.site}, Keys: m.keys}
}

func (m machine) scopes() []app.SecretScope {
	return []app.SecretScope{m.site.Scope, m.project.Scope, m.organization.Scope}
}

func add(t *testing.T, f Folder, name, value string) Version {
	t.Helper()
	v, err := f.Add(name, NewVersion{Value: secret.New(value), By: "ann", Why: "because"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func pend(t *testing.T, f Folder, name, value, rotation string) Version {
	t.Helper()
	v, err := f.Add(name, NewVersion{Value: secret.New(value), State: app.VersionPending, By: "ann", Rotation: rotation})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wantValue(t *testing.T, f Folder, name string, number int, want string) {
	t.Helper()
	got, version, err := f.Value(name, number)
	if err != nil {
		t.Fatalf("version %d of %s: %v", number, name, err)
	}
	if got.Reveal() != want || number != 0 && version.Number != number {
		t.Fatalf("version %d of %s is %q (version %d), want %q", number, name, got.Reveal(), version.Number, want)
	}
}

func states(t *testing.T, f Folder, name string) string {
	t.Helper()
	r, err := f.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range r.Versions {
		out = append(out, string(v.State))
	}
	return strings.Join(out, " ")
}

func TestTheFirstSecretMakesIdentityAndRecipients(t *testing.T) {
	shared := t.TempDir()
	m := newMachine(t, shared)
	v := add(t, m.project, "TOKEN", "first value")
	if v.Number != 1 || v.State != app.VersionCurrent || v.By != "ann" || v.Why != "because" || !v.At.Equal(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%+v", v)
	}
	wantValue(t, m.project, "TOKEN", 0, "first value")
	own, err := m.keys.Recipients()
	if err != nil {
		t.Fatal(err)
	}
	list, err := m.readers().List()
	if err != nil || !slices.Equal(list, []Recipient{{Key: own[0], Note: "ann"}}) {
		t.Errorf("recipients %v, %v", list, err)
	}
	for path, want := range map[string]os.FileMode{m.keys.Path: 0o600, m.project.path("TOKEN"): 0o644, m.project.Scope.Folder: 0o755} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&^want != 0 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	text, err := os.ReadFile(m.project.path("TOKEN"))
	if err != nil || strings.Contains(string(text), "first value") || !strings.Contains(string(text), "because") {
		t.Errorf("%s %v", text, err)
	}
	if names, err := m.project.Names(); err != nil || !slices.Equal(names, []string{"TOKEN"}) {
		t.Errorf("names %v, %v", names, err)
	}
	if names, err := m.site.Names(); err != nil || len(names) != 0 {
		t.Errorf("names of a folder that is not there: %v, %v", names, err)
	}
}

func TestTheOrganizationsListLiesInItsFolder(t *testing.T) {
	m := newMachine(t, t.TempDir())
	add(t, m.organization, "A", "value a")
	add(t, m.organization, "A", "value b")
	other := newMachine(t, t.TempDir())
	key, err := other.keys.Ensure()
	if err != nil {
		t.Fatal(err)
	}
	readers := Readers{Path: m.organization.Scope.Recipients, Folders: []Folder{m.organization}, Keys: m.keys}
	if n, err := readers.Change([]Recipient{{Key: key, Note: "bob"}}, nil); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	theirs := m.organization
	theirs.Keys = other.keys
	wantValue(t, theirs, "A", 1, "value a")
}

func TestVersionsAreImmutableAndNumbersRise(t *testing.T) {
	m := newMachine(t, t.TempDir())
	f := m.project
	for i, value := range []string{"one", "two\n", "\x00\xff three"} {
		if v := add(t, f, "X", value); v.Number != i+1 {
			t.Fatalf("%+v", v)
		}
	}
	if got := states(t, f, "X"); got != "previous previous current" {
		t.Error(got)
	}
	before, err := f.read("X")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Remove("X", "bob", "gone"); err != nil {
		t.Fatal(err)
	}
	removed := text(t, f.path("X"))
	if err := f.Remove("X", "eve", "again"); err != nil || text(t, f.path("X")) != removed {
		t.Fatal("a repeat wrote", err)
	}
	if names, err := f.Names(); err != nil || len(names) != 0 {
		t.Errorf("%v %v", names, err)
	}
	var none *NotFoundError
	if _, _, err := f.Value("X", 0); !errors.As(err, &none) {
		t.Errorf("the current one of a removed secret: %v", err)
	}
	var state *StateError
	if _, _, err := f.Value("X", 2); !errors.As(err, &state) {
		t.Errorf("a version of a removed secret: %v", err)
	}
	if strings.Contains(removed, before.Versions[2].Text) {
		t.Error("the removed value is still there")
	}
	if v := add(t, f, "X", "four"); v.Number != 4 {
		t.Errorf("%+v", v)
	}
	wantValue(t, f, "X", 0, "four")
	r, err := f.Read("X")
	if err != nil || r.Removed || len(r.Versions) != 4 || r.Versions[2].Changes[0] != (Change{State: app.VersionRevoked, At: f.now(), By: "bob", Why: "gone"}) {
		t.Errorf("%+v %v", r, err)
	}
}

func TestRotationsFindTheirVersion(t *testing.T) {
	m := newMachine(t, t.TempDir())
	f := m.project
	add(t, f, "X", "one")
	first := pend(t, f, "X", "two", "rotation-1")
	again := pend(t, f, "X", "another", "rotation-1")
	if first.Number != 2 || again.Number != 2 {
		t.Errorf("%+v %+v", first, again)
	}
	wantValue(t, f, "X", 2, "two")
	if third := pend(t, f, "X", "three", "rotation-2"); third.Number != 3 {
		t.Errorf("%+v", third)
	}
	if got := states(t, f, "X"); got != "current revoked pending" {
		t.Error(got)
	}
	add(t, f, "X", "four")
	if got := states(t, f, "X"); got != "previous revoked pending current" {
		t.Error(got)
	}
	if again := pend(t, f, "X", "x", "rotation-1"); again.Number != 2 || again.State != app.VersionRevoked {
		t.Errorf("%+v", again)
	}
}

func TestSettle(t *testing.T) {
	type step struct {
		in   Settlement
		want string
		fail any
	}
	for name, steps := range map[string][]step{
		"forward": {
			{in: Settlement{Current: 3}, want: "previous previous current"},
			{in: Settlement{Current: 3}, want: "previous previous current"},
			{in: Settlement{Revoke: []int{2}}, want: "previous revoked current"},
			{in: Settlement{Revoke: []int{2, 1}}, want: "revoked revoked current"},
		},
		"and back": {
			{in: Settlement{Current: 3}, want: "previous previous current"},
			{in: Settlement{Current: 2, Revoke: []int{3}}, want: "previous current revoked"},
			{in: Settlement{Current: 2, Revoke: []int{3}}, want: "previous current revoked"},
			{in: Settlement{Current: 3}, want: "previous current revoked", fail: &StateError{}},
		},
		"back from another than is current": {
			{in: Settlement{Current: 3}, want: "previous previous current"},
			{in: Settlement{Current: 1, From: 2}, want: "previous previous current"},
			{in: Settlement{Current: 2, From: 3}, want: "previous current previous"},
			{in: Settlement{Current: 2, From: 3}, want: "previous current previous"},
		},
		"compromised": {
			{in: Settlement{Current: 3, Revoke: []int{2}}, want: "previous revoked current"},
		},
		"none left": {
			{in: Settlement{Revoke: []int{1, 2}}, want: "previous current pending", fail: &StateError{}},
			{in: Settlement{Current: 4}, want: "previous current pending", fail: &NotFoundError{}},
			{in: Settlement{Revoke: []int{0}}, want: "previous current pending", fail: &NotFoundError{}},
			{in: Settlement{Revoke: []int{-1}}, want: "previous current pending", fail: &NotFoundError{}},
			{in: Settlement{Current: 3, Revoke: []int{3}}, want: "previous current pending", fail: errors.New("both")},
			{in: Settlement{Revoke: []int{3}}, want: "previous current revoked"},
			{in: Settlement{}, want: "previous current revoked"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newMachine(t, t.TempDir()).project
			add(t, f, "X", "one")
			add(t, f, "X", "two")
			pend(t, f, "X", "three", "r")
			for i, s := range steps {
				before, _ := os.ReadFile(f.path("X"))
				was := states(t, f, "X")
				s.in.By, s.in.Why = "eve", "settled"
				_, err := f.Settle("X", s.in)
				switch s.fail.(type) {
				case nil:
					if err != nil {
						t.Fatalf("step %d: %v", i, err)
					}
				case *StateError:
					var e *StateError
					if !errors.As(err, &e) {
						t.Fatalf("step %d: %v", i, err)
					}
				case *NotFoundError:
					var e *NotFoundError
					if !errors.As(err, &e) {
						t.Fatalf("step %d: %v", i, err)
					}
				default:
					if err == nil {
						t.Fatalf("step %d did not fail", i)
					}
				}
				got := states(t, f, "X")
				if got != s.want {
					t.Fatalf("step %d: %s, want %s", i, got, s.want)
				}
				after, _ := os.ReadFile(f.path("X"))
				if was == got && string(before) != string(after) {
					t.Errorf("step %d changed nothing and wrote", i)
				}
			}
			for number, value := range []string{"one", "two", "three"} {
				wantValue(t, f, "X", number+1, value)
			}
		})
	}
}

func TestWhatCannotBeAdded(t *testing.T) {
	f := newMachine(t, t.TempDir()).project
	const value = "hush hush"
	for name, in := range map[string]struct {
		name string
		v    NewVersion
	}{
		"name":  {"a/b", NewVersion{Value: secret.New(value)}},
		"empty": {"A", NewVersion{}},
		"large": {"A", NewVersion{Value: secret.New(strings.Repeat(value, 10000))}},
		"state": {"A", NewVersion{Value: secret.New(value), State: app.VersionRevoked}},
	} {
		if _, err := f.Add(in.name, in.v); err == nil || strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(f.Scope.Folder); err == nil {
		t.Error("what was refused left a folder")
	}
	var none *NotFoundError
	if err := f.Remove("A", "", ""); !errors.As(err, &none) {
		t.Error(err)
	}
	if _, err := f.Settle("A", Settlement{Current: 1}); !errors.As(err, &none) {
		t.Error(err)
	}
	if _, err := f.Read("A"); !errors.As(err, &none) || none.Where[0] != "acme/shop" {
		t.Error(err)
	}
	add(t, f, "A", strings.Repeat("x", maxValue))
}

func secretOf(text string) secret.String { return secret.New(text) }
