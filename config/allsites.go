package config

import (
	"github.com/longshore-dev/longshore/internal/app"
)

// SiteSettings are what reaches one site of a project, whatever runs there.
type SiteSettings struct {
	Site    app.Site
	Hosts   []app.Host
	Approve *app.Approve
	// Scopes are where the file store looks for the site's secrets, the nearest first.
	Scopes []app.SecretScope
}

// LoadSites reads all sites of a project, sorted by name; where longshore.yml names none, that is the one there is. It needs
// no compose file, and takes no more than the project's name from one. A host given in place of a site's own (Options.Host,
// LONGSHORE_HOST) does not count where longshore.yml has sites. What is wrong is Problems, all that was found.
func LoadSites(o Options) ([]SiteSettings, error) {
	first, problems := readLayers(o)
	if len(problems) > 0 {
		return nil, problems.asError()
	}
	names := sortedKeys(first.file.sites)
	if len(names) == 0 {
		names = []string{o.Site}
	}
	var out []SiteSettings
	for _, name := range names {
		o.Site = name
		site, more := loadSite(o)
		out, problems = append(out, site), append(problems, more...)
	}
	for i, p := range problems {
		if p.Advice == noHostAdvice && len(first.file.sites) > 0 {
			problems[i].Advice = "name those of all sites: a site that cannot be reached cannot be looked at"
		}
	}
	if err := problems.asError(); err != nil {
		return nil, err
	}
	return out, nil
}

func loadSite(o Options) (SiteSettings, Problems) {
	r, problems := resolveWithoutHosts(o, false)
	if len(problems) > 0 {
		return SiteSettings{}, problems
	}
	if len(r.file.sites) > 0 {
		problems = r.findOwnHosts(r.defined())
	} else {
		problems = r.findHosts()
	}
	site, more := r.siteAlone()
	if len(more) == 0 {
		more = r.findIdentities(r.hosts, site)
	}
	return SiteSettings{Site: site, Hosts: r.hosts, Approve: r.layers.approve(), Scopes: r.secretScopes(site)}, append(problems, more...)
}
