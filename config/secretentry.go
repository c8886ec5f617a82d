package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// secretEntry is what longshore.yml says of one secret.
type secretEntry struct {
	path keyPath
	// source has its file as written.
	source app.SecretSource
	// rotation is nil where nothing is said of it.
	rotation *app.Rotation
	// written is the path of a file of the project's folder as it was written; empty for any other.
	written string
}

// fromStore is the word for app.FromStore in files, whose own is empty.
const fromStore = "store"

// sourceWords are the sources of secrets as files write them.
func sourceWords() []string {
	return []string{fromStore, app.FromFile, app.FromSOPS, app.FromCommand, app.FromEnv}
}

// sourceWord is the word for where a secret is found.
func sourceWord(s app.SecretSource) string {
	if s.From == app.FromStore {
		return fromStore
	}
	return s.From
}

const secretNameAdvice = "names are made of letters, digits and any of _ . -, begin with a letter or _, and have at most 128 characters"

// variableForm is what a program can ask its environment for.
var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

const variableAdvice = "names of variables are made of letters, digits and _, and do not begin with a digit"

// checkSecretName reports a name that no secret can have.
func (r *report) checkSecretName(path keyPath, name string) {
	if secret.CheckName(name) != nil {
		r.add(path, fmt.Sprintf("%q is not a name for a secret", name), secretNameAdvice)
	}
}

// readSecrets reads where secrets are found and how they are rotated, by name.
func readSecrets(f *fields) map[string]secretEntry {
	out := map[string]secretEntry{}
	for _, name := range sortedKeys(f.values) {
		path := f.path.with(name)
		f.report.checkSecretName(path, name)
		switch v, _ := f.get(name); v.(type) {
		case nil, map[string]any:
			out[name] = readSecret(f.sub(name), name)
		default:
			// It may be the value itself, and is not repeated.
			f.report.add(path, "must be a mapping that says where the value is found", notKeptHere(name))
		}
	}
	f.done()
	return out
}

func notKeptHere(name string) string {
	return "values are not kept in this file: set it by `longshore secret set " + name + "`"
}

func readSecret(f *fields, name string) secretEntry {
	if _, ok := f.get("value"); ok {
		f.report.add(f.path.with("value"), "is not kept in this file", notKeptHere(name))
	}
	e := secretEntry{path: f.path, source: readSource(f, name)}
	if _, ok := f.get("rotate"); ok {
		e.rotation = readRotation(f.sub("rotate"), name)
		if e.source.From != app.FromStore {
			f.report.add(f.path.with("rotate"), "only a secret of the store can be rotated: no other place takes new versions",
				"remove it, or set from: store")
		}
	}
	f.done()
	return e
}

// readSource reads where a secret is found.
func readSource(f *fields, name string) app.SecretSource {
	s := app.SecretSource{
		From:     f.oneOf("from", sourceWords()...),
		File:     f.text("file"),
		Key:      f.text("key"),
		Variable: f.text("variable"),
		Command:  f.command("command", `["pass", "show", "shop/token"]`),
	}
	if s.From == fromStore {
		s.From = app.FromStore
	}
	if f.report.has(f.path.with("from")) {
		return s
	}
	for _, detail := range []struct {
		key      string
		of       []string
		required bool
	}{
		{"file", []string{app.FromFile, app.FromSOPS}, true},
		{"key", []string{app.FromSOPS}, false},
		{"variable", []string{app.FromEnv}, false},
		{"command", []string{app.FromCommand}, true},
	} {
		_, written := f.get(detail.key)
		needed := slices.Contains(detail.of, s.From)
		switch {
		case written && !needed:
			f.report.add(f.path.with(detail.key), "has no meaning for a secret from: "+sourceWord(s), "it belongs to from: "+strings.Join(detail.of, " or "))
		case !written && needed && detail.required:
			f.report.add(f.path, fmt.Sprintf("the secret is from: %s, without a %s", s.From, detail.key), "add "+detail.key)
		}
	}
	switch s.From {
	case app.FromSOPS:
		if s.Key == "" {
			s.Key = name
		}
	case app.FromEnv:
		at := f.path.with("variable")
		if s.Variable == "" {
			s.Variable, at = name, f.path
		}
		if !variableForm.MatchString(s.Variable) && !f.report.has(at) {
			f.report.add(at, fmt.Sprintf("%q is not a name for a variable", s.Variable), variableAdvice)
		}
	}
	return s
}

// secretEntries are what longshore.yml says of the site's secrets: the nearest entry of a name is taken whole.
func (r *resolved) secretEntries() map[string]secretEntry {
	out := map[string]secretEntry{}
	for _, layer := range []map[string]secretEntry{r.file.defaults.secrets, r.file.sites[r.site].secrets} {
		for name, entry := range layer {
			if file := entry.source.File; file != "" {
				entry.source.File = r.inProject(file)
				if !filepath.IsAbs(r.atHome(file)) {
					entry.written = file
				}
			}
			out[name] = entry
		}
	}
	return out
}

// secretSources are where the secrets that longshore.yml names are found.
func (r *resolved) secretSources() map[string]app.SecretSource {
	out := map[string]app.SecretSource{}
	for name, entry := range r.secretEntries() {
		out[name] = entry.source
	}
	return out
}

// rotations are how the secrets that longshore.yml names are rotated.
func (r *resolved) rotations() Rotations {
	out := Rotations{}
	for name, entry := range r.secretEntries() {
		if entry.rotation != nil {
			out[name] = *entry.rotation
		}
	}
	return out
}

// checkEntries looks for what entries say of each other and cannot be.
func (r *resolved) checkEntries() Problems {
	var out Problems
	entries := r.secretEntries()
	for _, name := range sortedKeys(entries) {
		rotation := entries[name].rotation
		if rotation == nil || rotation.AdminPassword == "" {
			continue
		}
		if admin := entries[rotation.AdminPassword]; admin.source.From != app.FromStore {
			out = append(out, r.problem(entries[name].path.with("rotate", "admin_password"),
				fmt.Sprintf("the secret %s is from: %s", rotation.AdminPassword, admin.source.From), "a rotation takes it from the store only"))
		}
	}
	return out
}

// checkEntryFiles looks for the files of the project's folder that hold wanted secrets. Others are the worker's to find.
func (r *resolved) checkEntryFiles(wanted wantedSecrets) Problems {
	var out Problems
	for _, name := range sortedKeys(wanted.found) {
		entry := wanted.entries[name]
		if entry.written != "" && !fileIsThere(entry.source.File) {
			out = append(out, r.problem(entry.path.with("file"), "the file "+entry.source.File+" is not there", ""))
		}
	}
	return out
}

// fileIsThere says whether a file can be read from, as far as that can be seen from here.
func fileIsThere(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
