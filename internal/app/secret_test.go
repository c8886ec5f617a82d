package app

import (
	"maps"
	"reflect"
	"testing"
)

func TestSecretsLabel(t *testing.T) {
	for _, c := range []struct {
		secrets []ServiceSecret
		label   string
		read    map[string]string
	}{
		{nil, "", map[string]string{}},
		{
			[]ServiceSecret{{Name: "KEY", Version: "3", Target: "/run/secrets/key"}, {Name: "API", Version: "h2f", Env: "API"}, {Name: "KEY", Version: "3", Env: "KEY"}},
			"API@h2f,KEY@3", map[string]string{"API": "h2f", "KEY": "3"},
		},
	} {
		label := SecretsLabel(c.secrets)
		if label != c.label || !maps.Equal(SecretVersions(label), c.read) {
			t.Errorf("%v: %q, %v", c.secrets, label, SecretVersions(label))
		}
	}
}

// secretive is a spec in which each kind of want is there, of a secret that is pinned and of one that is not.
func secretive() Spec {
	both := []ServiceSecret{{Name: "KEY", Target: "/run/secrets/key"}, {Name: "OTHER", Version: "9", Env: "OTHER"}}
	return Spec{
		Secrets: []Secret{{Name: "KEY"}, {Name: "OTHER", Version: "9", Sealed: "o"}},
		Services: []Service{
			{Name: "db", Container: Container{Secrets: both}},
			{Name: "web", Build: &Build{Secrets: []BuildSecret{{ID: "npm", Secret: "KEY"}, {ID: "file", File: "/f"}}}},
		},
		Registries: []Registry{{Name: "ghcr.io", PasswordSecret: "KEY"}, {Name: "docker.io", PasswordEnv: "P"}},
	}
}

func TestPinReachesAllThatWantsASecret(t *testing.T) {
	spec := secretive()
	pinned := spec.Pin([]Secret{{Name: "KEY", Version: "2", Scope: ScopeSite, Sealed: "k"}, {Name: "STRANGER", Version: "1", Sealed: "s"}})
	if !reflect.DeepEqual(spec, secretive()) {
		t.Error("the receiver was changed")
	}
	want := secretive()
	want.Secrets[0] = Secret{Name: "KEY", Version: "2", Scope: ScopeSite, Sealed: "k"}
	want.Services[0].Container.Secrets[0].Version = "2"
	want.Services[1].Build.Secrets[0].Sealed = "k"
	want.Registries[0].PasswordSealed = "k"
	if !reflect.DeepEqual(pinned, want) {
		t.Errorf("%+v", pinned)
	}
	if got := pinned.SecretVersions(); !maps.Equal(got, map[string]string{"KEY": "2", "OTHER": "9"}) {
		t.Errorf("%v", got)
	}
	if got := spec.SecretVersions(); !maps.Equal(got, map[string]string{"OTHER": "9"}) {
		t.Errorf("%v", got)
	}
}

func TestWantedBy(t *testing.T) {
	spec := secretive()
	if got := spec.WantedBy("KEY"); !reflect.DeepEqual(got, []string{"db", "build of web", "registry ghcr.io"}) {
		t.Errorf("%q", got)
	}
	if got := spec.SecretsOf(spec.Services[0]); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if got := spec.SecretsOf(spec.Services[1]); got != nil {
		t.Errorf("%v: a build's secrets do not come into containers", got)
	}
}

func TestInPlace(t *testing.T) {
	file, env := ServiceSecret{Name: "KEY", Target: "/run/secrets/key"}, ServiceSecret{Name: "KEY", Env: "KEY"}
	for action, want := range map[string]bool{"": false, OnChangeRestart: false, OnChangeSignal: true, OnChangeNone: true} {
		s := Service{OnChange: OnChange{Action: action}}
		if s.InPlace(file) != want || s.InPlace(env) {
			t.Errorf("%q: %v for a file, %v for a variable", action, s.InPlace(file), s.InPlace(env))
		}
	}
}
