package app

import (
	"maps"
	"slices"
	"strings"
)

// SecretsLabel is the value of LabelSecrets for a container that has these secrets.
func SecretsLabel(secrets []ServiceSecret) string {
	versions := map[string]string{}
	for _, have := range secrets {
		versions[have.Name] = have.Version
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		out = append(out, name+"@"+versions[name])
	}
	return strings.Join(out, ",")
}

// SecretVersions reads what SecretsLabel wrote: versions by name.
func SecretVersions(label string) map[string]string {
	out := map[string]string{}
	for entry := range strings.SplitSeq(label, ",") {
		if name, version, ok := strings.Cut(entry, "@"); ok {
			out[name] = version
		}
	}
	return out
}

// SecretVersions are the versions of the spec's secrets, by name; those that are not resolved are left out.
func (s Spec) SecretVersions() map[string]string {
	out := map[string]string{}
	for _, secret := range s.Secrets {
		if secret.Version != "" {
			out[secret.Name] = secret.Version
		}
	}
	return out
}
