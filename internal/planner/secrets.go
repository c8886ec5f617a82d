package planner

import (
	"maps"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// secretDifference says which secrets' versions are all that a container was made with otherwise than desired; empty where
// more differs, or where that cannot be told.
func secretDifference(s app.Service, c app.ContainerState) string {
	held := app.SecretVersions(c.Labels[app.LabelSecrets])
	was, changed := s, []string(nil)
	was.Container.Secrets = slices.Clone(s.Container.Secrets)
	for i, have := range s.Container.Secrets {
		if version, ok := held[have.Name]; ok && version != have.Version {
			was.Container.Secrets[i].Version = version
			changed = append(changed, have.Name)
		}
	}
	if ConfigHash(was) != c.Labels[app.LabelConfig] {
		return ""
	}
	return secretsChange(changed)
}

// refreshReason says which secrets of a service get another version while its containers stay; empty for none. One that
// runs to its end has read its own.
func refreshReason(o app.Observed, s app.Service, have []app.ContainerState) string {
	if s.OneShot {
		return ""
	}
	var changed []string
	for _, want := range s.Container.Secrets {
		stale := func(c app.ContainerState) bool { return heldVersion(o, c, want.Name) != want.Version }
		if s.InPlace(want) && slices.ContainsFunc(have, stale) {
			changed = append(changed, want.Name)
		}
	}
	return secretsChange(changed)
}

// heldVersion is the version of a secret that a container has: what was found, and else what the record says, which a
// run that could not put everything back may have made wrong. Empty where nothing says it.
func heldVersion(o app.Observed, c app.ContainerState, secret string) string {
	if version, ok := c.Secrets[secret]; ok {
		return version
	}
	if o.Current == nil {
		return ""
	}
	return o.Current.Secrets[secret]
}

// secretsChange is a reason that names secrets; empty for none.
func secretsChange(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	switch len(names) {
	case 0:
		return ""
	case 1:
		return "secret " + names[0] + " changes"
	default:
		return "secrets " + strings.Join(names, ", ") + " change"
	}
}

// pinned says whether a host's current release pins the versions of secrets that are desired.
func pinned(spec app.Spec, o app.Observed) bool {
	var held map[string]string
	if o.Current != nil {
		held = o.Current.Secrets
	}
	return maps.Equal(held, spec.SecretVersions())
}

// containersPinned says whether a host's current release pins the versions that containers have, where those are as
// desired: a run may have died between a refresh and the record.
func containersPinned(spec app.Spec, o app.Observed) bool {
	for _, s := range spec.Services {
		if s.OneShot || o.Current == nil || len(containersOf(o, s.Name)) == 0 {
			continue
		}
		for _, want := range s.Container.Secrets {
			if o.Current.Secrets[want.Name] != want.Version {
				return false
			}
		}
	}
	return true
}
