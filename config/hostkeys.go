package config

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
)

// keyIdentitySecret is the key of a host for the secret that is its login's private key.
const keyIdentitySecret = "identity_secret"

// findIdentities completes the keys of hosts that are secrets of a site: the nearest scope that has one counts. No value is
// read, since the worker does so at each login.
func (r *resolved) findIdentities(hosts []app.Host, site app.Site) Problems {
	if !keepKeys(hosts) {
		return nil
	}
	var problems Problems
	scopes, entries := r.secretScopes(site), r.secretEntries()
	for i, h := range hosts {
		name := h.IdentitySecret.Name
		if name == "" {
			continue
		}
		if source := entries[name].source; source.From != app.FromStore {
			problems = append(problems, r.identityProblem(h, fmt.Sprintf("the secret %s is from: %s", name, sourceWord(source)), "the key of a host is taken from the store only"))
			continue
		}
		scope, err := store.Finder{}.Nearest(scopes, name)
		var absent *store.NotFoundError
		switch {
		case errors.As(err, &absent) && storeIsElsewhere(scopes):
			// Who sets a secret without another word sets the project's.
			scope = scopes[slices.IndexFunc(scopes, func(s app.SecretScope) bool { return s.Kind == app.ScopeProject })]
		case absent != nil:
			problems = append(problems, r.identityProblem(h, "the secret "+name+" is missing", "longshore secret set "+name+" < the private key's file"))
			continue
		case err != nil:
			problems = append(problems, r.identityProblem(h, err.Error(), ""))
			continue
		}
		hosts[i].IdentitySecret.Scope = scope
	}
	return problems
}

// keepKeys says whether the key of any host is a secret.
func keepKeys(hosts []app.Host) bool {
	return slices.ContainsFunc(hosts, func(h app.Host) bool { return h.IdentitySecret.Name != "" })
}

// storeIsElsewhere says that this machine has none of the folders: the worker's may.
func storeIsElsewhere(scopes []app.SecretScope) bool {
	return !slices.ContainsFunc(scopes, func(s app.SecretScope) bool {
		_, err := os.Stat(s.Folder)
		return err == nil
	})
}

// identityProblem points to where a host's secret is named.
func (r *resolved) identityProblem(h app.Host, message, advice string) Problem {
	doc := r.file.doc
	if _, ok := r.file.hosts[h.Name]; !ok {
		doc = r.user.doc
	}
	report := &report{place: documentPlace(doc)}
	report.add(keyPath{keyHosts, h.Name, keyIdentitySecret}, message, advice)
	return report.problems[0]
}
