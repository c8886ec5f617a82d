package app

import "strings"

// DefaultOrg is the organization of a project that names none.
const DefaultOrg = "default"

// Site is one running instance of a project, such as production or a preview. Settings and secrets cascade from
// organization to project to site.
type Site struct {
	Org     string `json:"org"`
	Project string `json:"project"`
	Name    string `json:"name"`
}

// String is the site's full name, "org/project/site": the form in labels, workflow ids and state paths.
func (s Site) String() string { return s.Org + "/" + s.Project + "/" + s.Name }

// Prefix starts the name of every container, network and volume of the site: "project-site", and "org-project-site"
// outside the default organization. Names allow only what Docker allows, so the join is unambiguous only together
// with the site label; never look things up by name prefix.
func (s Site) Prefix() string {
	if s.Org == DefaultOrg {
		return s.Project + "-" + s.Name
	}
	return s.Org + "-" + s.Project + "-" + s.Name
}

// ParseSite reads what String wrote. It answers false where the text is not three non-empty parts.
func ParseSite(text string) (Site, bool) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return Site{}, false
	}
	return Site{Org: parts[0], Project: parts[1], Name: parts[2]}, true
}
