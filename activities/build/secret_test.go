package build

import (
	"path/filepath"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	"github.com/longshore-dev/longshore/internal/secret"
)

// learned is a masker that remembers what it was told.
type learned []string

func (l *learned) Learn(value secret.String) { *l = append(*l, value.Reveal()) }

func newOpener(t *testing.T) (unseal.Opener, *learned) {
	t.Helper()
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	masker := &learned{}
	return unseal.Opener{Sealer: sealed.Sealer{Ring: ring}, Masker: masker}, masker
}

func seal(t *testing.T, o unseal.Opener, name, value string) string {
	t.Helper()
	text, err := o.Sealer.Seal(name, secret.New(value))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestBuildSecretsAreOpened(t *testing.T) {
	opener, masker := newOpener(t)
	a := Activities{Secrets: opener}
	values, err := a.open([]app.BuildSecret{
		{ID: "npm", Secret: "NPM_TOKEN", Sealed: seal(t, opener, "NPM_TOKEN", "hunter2")}, {ID: "file", File: "/src/token"},
	})
	if err != nil || len(values) != 1 || values["NPM_TOKEN"].Reveal() != "hunter2" || len(*masker) != 1 {
		t.Errorf("%v, %v, learned %v", values, err, *masker)
	}
	for name, sealed := range map[string]string{
		"of another name": seal(t, opener, "OTHER", "hunter2"), "none": "", "garbage": "x.y",
	} {
		_, err := a.open([]app.BuildSecret{{ID: "npm", Secret: "NPM_TOKEN", Sealed: sealed}})
		if err == nil || activities.FailureOf(err).Kind != app.KindSecret {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A value is sealed anew at each run, and a registry's password that does not open is no registry's fault.
func TestSealedTextIsNoInput(t *testing.T) {
	opener, masker := newOpener(t)
	hash := func(b app.Build) string {
		t.Helper()
		sum, err := inputsOf(activities.BuildInput{Service: "web", Build: b})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	of := func(name, sealed string) app.Build {
		return app.Build{Secrets: []app.BuildSecret{{ID: "npm", Secret: name, Sealed: sealed}}}
	}
	first, again := of("NPM_TOKEN", seal(t, opener, "NPM_TOKEN", "hunter2")), of("NPM_TOKEN", seal(t, opener, "NPM_TOKEN", "hunter2"))
	if first.Secrets[0].Sealed == again.Secrets[0].Sealed {
		t.Fatal("the sealed texts are equal: the test tests nothing")
	}
	if hash(first) != hash(again) {
		t.Error("the sealed text counts as an input of the build")
	}
	if first.Secrets[0].Sealed == "" {
		t.Error("the build's own secrets were changed")
	}
	if hash(first) == hash(of("OTHER", "")) {
		t.Error("another secret is no other build")
	}

	asked := &asked{secrets: opener, entries: []app.Registry{
		{Name: "good.example.com", Username: "ci", PasswordSecret: "TOKEN", PasswordSealed: seal(t, opener, "TOKEN", "pass-word")},
		{Name: "lost.example.com", Username: "ci", PasswordSecret: "TOKEN", PasswordSealed: "x.y"},
	}}
	login, err := asked.login(t.Context(), "good.example.com")
	if err != nil || login.Password.Reveal() != "pass-word" || len(*masker) == 0 || (*masker)[0] != "pass-word" {
		t.Errorf("%v, %v, learned %v", login.Username, err, *masker)
	}
	_, err = asked.login(t.Context(), "lost.example.com")
	if f := asked.failure(activities.BuildInput{Service: "web"}, err); f == nil || f.Kind != app.KindSecret || f.Service != "web" {
		t.Errorf("%+v", f)
	}
}
