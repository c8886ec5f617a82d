package config

import (
	"github.com/compose-spec/compose-go/v2/template"

	"github.com/longshore-dev/longshore/internal/app"
)

// siteAlone is the site that is meant, for those who load no compose file. The project's name is found as Load finds it.
func (r *resolved) siteAlone() (app.Site, Problems) {
	project, problems := r.projectName()
	if len(problems) > 0 {
		return app.Site{}, problems
	}
	site := app.Site{Org: r.layers.text(keyOrg), Project: project, Name: r.site}
	return site, checkSiteNames(site)
}

// checkSiteNames holds names to their form wherever they came from.
func checkSiteNames(site app.Site) Problems {
	var out Problems
	for _, named := range []struct{ key, name string }{{keyOrg, site.Org}, {keyProject, site.Project}} {
		if !nameForm.MatchString(named.name) {
			out = append(out, Problem{Path: named.key, Message: named.name + " is not a name", Advice: nameAdvice})
		}
	}
	return out
}

// projectName is the settings', the compose files' or the folder's. A compose file that is not YAML is a problem: to take
// the folder's name in its place could name another project.
func (r *resolved) projectName() (string, Problems) {
	if name := r.layers.text(keyProject); name != "" {
		return name, nil
	}
	files, err := r.composeFiles()
	if err != nil {
		files = nil // there is none
	}
	environ, err := composeEnviron(r.dir, r.environ)
	if err != nil {
		return "", asProblems(err)
	}
	s := &sources{dir: r.dir, lookup: mapLookup(environ)}
	var problems Problems
	for _, file := range files {
		doc, problem := s.read(file)
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		s.named = append(s.named, doc)
	}
	name, _ := s.projectName()
	return name, problems
}

func mapLookup(environ map[string]string) template.Mapping {
	return func(name string) (string, bool) {
		value, ok := environ[name]
		return value, ok
	}
}
