package config

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-dev/longshore/internal/app"
)

// secretMode is that of a secret's file where nothing says it. It is for the container alone: on the host only root gets to
// it.
const secretMode = 0o444

// secretFile turns one of a service's secrets into a file; false where no file defines the secret.
func (t *translator) secretFile(ref types.ServiceSecretConfig, at keyPath) (app.ServiceSecret, bool) {
	name, ok := t.define(ref.Source)
	if !ok {
		return app.ServiceSecret{}, false
	}
	out := app.ServiceSecret{Name: name, Target: secretTarget(ref), Mode: secretMode}
	out.UID, out.GID = t.id(ref.UID, at.with("uid")), t.id(ref.GID, at.with("gid"))
	if ref.Mode != nil {
		out.Mode = uint32(*ref.Mode)
		if *ref.Mode < 1 || *ref.Mode > 0o777 {
			t.add(at.with("mode"), "must be a file mode such as 0440", "")
		}
	}
	switch {
	case out.Target == "/" || strings.HasPrefix(app.SecretsFolder+"/", out.Target+"/"):
		t.add(t.targetPath(at), "must be a file, and "+out.Target+" is a folder that others are in", "write a file's path")
	case !inSecretsFolder(out.Target) && !path.IsAbs(ref.Target):
		t.add(t.targetPath(at), "leads out of "+app.SecretsFolder, "write the absolute path")
	}
	return out, true
}

// secretTarget is the file's path in the container.
func secretTarget(ref types.ServiceSecretConfig) string {
	target := ref.Target
	if target == "" {
		target = ref.Source
	}
	if !path.IsAbs(target) {
		target = path.Join(app.SecretsFolder, target)
	}
	return path.Clean(target)
}

// targetPath is the key that says where a file goes, or the whole item where none does.
func (t *translator) targetPath(item keyPath) keyPath {
	if t.sources.has(item.with("target")) {
		return item.with("target")
	}
	return item
}

// checkSecretTargets refuses files of secrets that something else of the container would hide, or be hidden by.
func (t *translator) checkSecretTargets(s types.ServiceConfig, c app.Container, path keyPath) {
	taken := map[string]string{}
	for i, ref := range s.Secrets {
		target, at := secretTarget(ref), t.targetPath(path.with("secrets").item(i))
		for _, other := range sortedKeys(taken) {
			switch {
			case other == target:
				t.add(at, fmt.Sprintf("%s is the file of the secret %s already", target, taken[other]), "give the two different targets")
			case strings.HasPrefix(target, other+"/"), strings.HasPrefix(other, target+"/"):
				t.add(at, fmt.Sprintf("%s and %s, the file of the secret %s, cannot both be: one would be a folder", target, other, taken[other]), "choose another target")
			}
		}
		taken[target] = ref.Source
	}
	inFolder := slices.ContainsFunc(c.Secrets, func(have app.ServiceSecret) bool { return inSecretsFolder(have.Target) })
	check := func(target string, at keyPath) {
		if secret, ok := taken[target]; ok {
			t.add(at, fmt.Sprintf("%s is the file of the secret %s already", target, secret), "give the two different targets")
		} else if inFolder && (target == app.SecretsFolder || inSecretsFolder(target)) {
			t.add(at, target+" is taken by the service's secrets: "+app.SecretsFolder+" holds them and nothing else", "choose another target")
		}
	}
	for i, m := range c.Mounts {
		check(strings.TrimRight(m.Target, "/"), path.with("volumes").item(i))
	}
	for i, f := range c.Files {
		check(f.Target, path.with("configs").item(i))
	}
	for i, spec := range s.Tmpfs {
		target, _, _ := strings.Cut(spec, ":")
		check(strings.TrimRight(target, "/"), path.with("tmpfs").item(i))
	}
}

func inSecretsFolder(target string) bool { return strings.HasPrefix(target, app.SecretsFolder+"/") }
