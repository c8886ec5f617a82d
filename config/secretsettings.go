package config

import (
	"github.com/longshore-dev/longshore/internal/app"
)

// SecretSettings are what a project's files say of its secrets.
type SecretSettings struct {
	Tool Tool
	// Site is whose secrets they are. Its name is empty where the project has several sites and none is named.
	Site app.Site
	// Scopes are where the file store looks, the nearest first. Without a site's name they lack the site's own.
	Scopes []app.SecretScope
	// Sources are where the secrets that longshore.yml names are found. All others are in the file store.
	Sources map[string]app.SecretSource
	// Rotations are how secrets are rotated.
	Rotations Rotations
}

// Rotations say how secrets are rotated, by name, as far as longshore.yml says it.
type Rotations map[string]app.Rotation

// Of is how a secret is rotated: a new random value where nothing is said of it.
func (r Rotations) Of(secret string) app.Rotation {
	if said, ok := r[secret]; ok {
		return said
	}
	return app.Rotation{With: app.WithValue, Soak: app.DefaultSoak}
}

// LoadSecretStore reads what a project says of its secrets. It needs no compose file, and takes no more than the project's
// name from one, nor any host. What is wrong is Problems, all that was found.
func LoadSecretStore(o Options) (*SecretSettings, error) {
	r, problems := resolveWithoutHosts(o, true)
	if len(problems) > 0 {
		return nil, problems.asError()
	}
	tool, err := r.layers.tool()
	if err != nil {
		return nil, err
	}
	out := &SecretSettings{Tool: tool}
	out.Site, problems = r.siteAlone()
	if problems = append(problems, r.checkEntries()...); len(problems) > 0 {
		return nil, problems.asError()
	}
	out.Scopes = r.secretScopes(out.Site)
	out.Sources, out.Rotations = r.secretSources(), r.rotations()
	return out, nil
}
