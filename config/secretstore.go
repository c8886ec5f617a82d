package config

import (
	"path/filepath"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// defaultStoreFolder is the folder of a project's secrets, beside longshore.yml.
const defaultStoreFolder = "secrets"

// recipientsFile is the list of whom a folder's secrets are encrypted to.
const recipientsFile = "recipients.txt"

// readStore looks at where longshore.yml puts secrets. The paths themselves are read from the layers.
func readStore(f *fields) {
	f.text("folder")
	f.text("organization")
	f.done()
}

// readUserStore looks at where the user's own file puts the organization's secrets.
func readUserStore(f *fields) {
	if _, ok := f.get("folder"); ok {
		f.report.add(f.path.with("folder"), "is a setting of a project", "put it into the project's longshore.yml")
	}
	if path := f.text("organization"); path != "" && !filepath.IsAbs(path) && !strings.HasPrefix(path, "~/") {
		f.report.add(f.path.with("organization"), "must be an absolute path, or begin with ~/", "")
	}
	f.done()
}

// inProject is a path of a setting: relative ones are of the project's folder.
func (r *resolved) inProject(path string) string {
	if path = r.atHome(path); filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(r.dir, path)
}

// storeFolder is the folder of the project's secrets, and those of its sites.
func (r *resolved) storeFolder() string { return r.inProject(r.layers.text(keyStoreFolder)) }

// organizationFolder is the folder of the organization's secrets; empty where there is no home to have it in.
func (r *resolved) organizationFolder(org string) string {
	if path := r.layers.text(keyStoreOrganization); path != "" {
		return r.inProject(path)
	}
	return inUserFolder(r.environ, "organizations", org, "secrets")
}

// secretScopes are where the file store looks for a site's secrets, the nearest first. A site without a name has none of
// its own.
func (r *resolved) secretScopes(site app.Site) []app.SecretScope {
	folder := r.storeFolder()
	recipients := filepath.Join(folder, recipientsFile)
	project := site.Org + "/" + site.Project
	var out []app.SecretScope
	if site.Name != "" {
		out = append(out, app.SecretScope{
			Kind: app.ScopeSite, Of: project + "/" + site.Name, Folder: filepath.Join(folder, "sites", site.Name), Recipients: recipients,
		})
	}
	out = append(out, app.SecretScope{Kind: app.ScopeProject, Of: project, Folder: filepath.Join(folder, "project"), Recipients: recipients})
	if own := r.organizationFolder(site.Org); own != "" {
		out = append(out, app.SecretScope{
			Kind: app.ScopeOrganization, Of: site.Org, Folder: own, Recipients: filepath.Join(own, recipientsFile),
		})
	}
	return out
}
