package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-dev/longshore/internal/app"
)

// wantedSecrets are the secrets that anything in a spec wants, each once.
type wantedSecrets struct {
	// entries are what longshore.yml says.
	entries map[string]secretEntry
	found   map[string]wantedSecret
}

type wantedSecret struct {
	source app.SecretSource
	// path is where the compose file wants or defines it; nil for one of a registry.
	path keyPath
}

// sorted are the secrets by name.
func (w wantedSecrets) sorted() []app.Secret {
	var out []app.Secret
	for _, name := range slices.Sorted(maps.Keys(w.found)) {
		out = append(out, app.Secret{Name: name, Source: w.found[name].source})
	}
	return out
}

// wantPasswords notes the secrets that hold the passwords for registries. What longshore.yml calls a secret is its own name,
// not that of an entry that stands for another.
func (t *translator) wantPasswords(registries []app.Registry) {
	for _, r := range registries {
		name := r.PasswordSecret
		if _, ok := t.secrets.found[name]; ok || name == "" {
			continue
		}
		if s, ok := t.project.Secrets[name]; ok && !bool(s.External) {
			t.define(name)
			continue
		}
		t.secrets.found[name] = wantedSecret{source: t.secrets.entries[name].source}
	}
}

// want notes a secret that longshore.yml or the store has.
func (t *translator) want(name string, at keyPath) {
	t.report.checkSecretName(at, name)
	t.note(name, t.secrets.entries[name].source, at)
}

// note keeps a wanted secret. One name cannot stand for two values.
func (t *translator) note(name string, source app.SecretSource, at keyPath) {
	have, ok := t.secrets.found[name]
	if ok && !equalSources(have.source, source) {
		t.add(at, fmt.Sprintf("the secret %s is from: %s here and from: %s elsewhere", name, sourceWord(source), sourceWord(have.source)),
			"give the two different names")
		return
	}
	if !ok {
		t.secrets.found[name] = wantedSecret{source: source, path: at}
	}
}

func equalSources(a, b app.SecretSource) bool {
	return a.From == b.From && a.File == b.File && a.Key == b.Key && a.Variable == b.Variable && slices.Equal(a.Command, b.Command)
}

// define notes the secret that an entry of the compose file's top-level secrets stands for, and answers its name; false
// where there is no such entry.
func (t *translator) define(key string) (string, bool) {
	s, ok := t.project.Secrets[key]
	if !ok {
		return "", false
	}
	path := keyPath{"secrets", key}
	if s.External {
		name := cmp.Or(s.Name, key)
		at := path
		if t.sources.has(path.with("name")) {
			at = path.with("name")
		}
		t.want(name, at)
		return name, true
	}
	t.report.checkSecretName(path, key)
	source := app.SecretSource{From: app.FromEnv, Variable: s.Environment}
	if s.File != "" {
		source = app.SecretSource{From: app.FromFile, File: s.File}
		if !fileIsThere(s.File) {
			t.add(path.with("file"), "the file "+s.File+" is not there", "")
		}
	}
	if _, ok := t.secrets.entries[key]; ok {
		t.add(path, "longshore.yml says of the secret "+key+" where it is found, too", "write external: true here, or remove its entry there")
	}
	t.note(key, source, path)
	return key, true
}

// checkSecretSources refuses what compose would leave out of account.
func (t *translator) checkSecretSources() {
	for _, name := range sortedKeys(t.project.Secrets) {
		s, path := t.project.Secrets[name], keyPath{"secrets", name}
		for key, value := range map[string]string{"file": s.File, "environment": s.Environment} {
			if value != "" && bool(s.External) {
				t.add(path.with(key), "has no effect beside external", "keep one of them")
			}
		}
	}
}

// secretsOf are the secrets of a service, as files and as variables, sorted by name.
func (t *translator) secretsOf(s types.ServiceConfig, e extension, path keyPath) []app.ServiceSecret {
	var out []app.ServiceSecret
	for i, ref := range s.Secrets {
		if file, ok := t.secretFile(ref, path.with("secrets").item(i)); ok {
			out = append(out, file)
		}
	}
	for i, name := range e.secrets {
		if slices.Contains(e.secrets[:i], name) {
			continue // an override says it again
		}
		at := path.with(extensionKey, "secrets").item(i)
		if _, ok := s.Environment[name]; ok {
			t.add(at, "environment sets the variable "+name+" already", "remove one of them")
		}
		known, ok := t.define(name)
		if !ok {
			t.want(name, at)
			known = name
		}
		out = append(out, app.ServiceSecret{Name: known, Env: name})
	}
	slices.SortFunc(out, func(a, b app.ServiceSecret) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Env, b.Env), cmp.Compare(a.Target, b.Target))
	})
	return out
}
