package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

const registryAdvice = `write the registry as images name it, such as "ghcr.io", "registry.example.com:5000" or "docker.io"`

// readRegistries reads where the credentials for registries are, by registry.
func readRegistries(f *fields) map[string]app.Registry {
	out := map[string]app.Registry{}
	for _, name := range sortedKeys(f.values) {
		sub := f.sub(name)
		if app.RegistryOf(name+"/image") != name {
			f.report.add(sub.path, "is not a registry", registryAdvice)
		}
		out[name] = readRegistry(sub, name)
	}
	f.done()
	return out
}

func readRegistry(f *fields, name string) app.Registry {
	r := app.Registry{
		Name:            name,
		Username:        f.text("username"),
		PasswordEnv:     f.text("password_env"),
		PasswordFile:    f.text("password_file"),
		PasswordCommand: f.command("password_command", `["pass", "show", "registry"]`),
		PasswordSecret:  f.text("password_secret"),
	}
	const where = "name where it is found: password_env, password_file, password_command or password_secret"
	if _, ok := f.get("password"); ok {
		f.report.add(f.path.with("password"), "is not kept in this file", where)
	}
	f.done()
	if r.Username == "" && !f.report.has(f.path.with("username")) {
		f.report.add(f.path, "the registry has no username", "add username")
	}
	places := 0
	for _, key := range []string{"password_env", "password_file", "password_command", "password_secret"} {
		if _, ok := f.get(key); ok {
			places++
		}
	}
	switch {
	case places == 0 && !f.report.has(f.path.with("password")):
		f.report.add(f.path, "the registry has no password", where)
	case places > 1:
		f.report.add(f.path, "the password is in more than one place", "keep one of password_env, password_file, password_command and password_secret")
	}
	if r.PasswordFile != "" && !filepath.IsAbs(r.PasswordFile) && !strings.HasPrefix(r.PasswordFile, "~/") {
		f.report.add(f.path.with("password_file"), "must be an absolute path, or begin with ~/", "")
	}
	if r.PasswordSecret != "" {
		f.report.checkSecretName(f.path.with("password_secret"), r.PasswordSecret)
	}
	return r
}

// registries are those that the site may ask with credentials of their own: the nearest entry of a name is taken whole.
func (r *resolved) registries() []app.Registry {
	found := map[string]app.Registry{}
	for _, layer := range []struct {
		name    string
		doc     *document
		path    keyPath
		entries map[string]app.Registry
	}{
		{layerUser, r.user.doc, keyPath{keyRegistries}, r.user.registries},
		{layerProject, r.file.doc, keyPath{keyRegistries}, r.file.registries},
		{layerSite, r.file.doc, keyPath{keySites, r.site, keyRegistries}, r.file.sites[r.site].registries},
	} {
		for name, registry := range layer.entries {
			if below, ok := strings.CutPrefix(registry.PasswordFile, "~/"); ok {
				registry.PasswordFile = filepath.Join(r.environ["HOME"], below)
			}
			found[name] = registry
			key := keyRegistries + "." + name
			r.layers.origins[key] = Origin{Key: key, Value: registry.Username, Layer: layer.name, Where: where(layer.doc, layer.path.with(name))}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b app.Registry) int { return strings.Compare(a.Name, b.Name) })
}
