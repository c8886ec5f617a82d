package command

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/exit"
)

// secretFlags say whose secrets a command is about.
type secretFlags struct {
	options config.Options
	scope   string
	why     string
}

// addProject adds what chooses the project and its site.
func (f *secretFlags) addProject(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.options.Site, "site", "s", "", "the site, such as production")
	completeFlag(cmd, "site", (&projectFlags{}).completeSites)
	cmd.Flags().StringVarP(&f.options.Dir, "directory", "C", "", "the project's folder (default: the current one)")
}

// addScope adds the flag that chooses one scope; otherwise says what is meant without it.
func (f *secretFlags) addScope(cmd *cobra.Command, otherwise string) {
	cmd.Flags().StringVar(&f.scope, "scope", "", "site, project or organization (default: "+otherwise+")")
	completeFlag(cmd, "scope", cobra.FixedCompletions([]string{app.ScopeSite, app.ScopeProject, app.ScopeOrganization}, cobra.ShellCompDirectiveNoFileComp))
}

func (f *secretFlags) addWhy(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.why, "why", "", "a reason, kept in the records")
}

// vault is what a project keeps its secrets in.
type vault struct {
	settings *config.SecretSettings
	keys     store.Keys
	journal  store.Journal
	// named says that the site was named, and is not just the only one.
	named bool
}

// open reads where the project keeps its secrets. It touches none.
func (f *secretFlags) open() (*vault, error) {
	settings, err := config.LoadSecretStore(f.options)
	if err != nil {
		return nil, invalid(err)
	}
	return &vault{settings: settings, keys: keysIn(settings.Tool), journal: journalIn(settings.Tool), named: f.options.Site != ""}, nil
}

// keysIn are this machine's identities.
func keysIn(tool config.Tool) store.Keys {
	return store.Keys{Path: engine.IdentityPath(tool.StateDir)}
}

// journalIn is the record of who has seen values on this machine.
func journalIn(tool config.Tool) store.Journal {
	return store.Journal{Path: filepath.Join(tool.StateDir, "audit.jsonl")}
}

func (v *vault) folder(scope app.SecretScope) store.Folder {
	return store.Folder{Scope: scope, Keys: v.keys}
}

// scope is the scope of a kind; of a site it needs the site's name.
func (v *vault) scope(kind string) (app.SecretScope, error) {
	for _, s := range v.settings.Scopes {
		if s.Kind == kind {
			return s, nil
		}
	}
	switch kind {
	case app.ScopeSite:
		return app.SecretScope{}, exit.With(exit.Usage, errors.New("--scope site needs to know which: give --site"))
	case app.ScopeOrganization:
		return app.SecretScope{}, exit.With(exit.Usage, errors.New("there is no folder for the organization's secrets: set secret_store.organization"))
	}
	return app.SecretScope{}, exit.With(exit.Usage, fmt.Errorf("--scope %s is none of site, project and organization", kind))
}

// siteScopes are the sites' own scopes, of all sites whose folder is there: of some the project file may not tell any more.
func (v *vault) siteScopes() ([]app.SecretScope, error) {
	project, err := v.scope(app.ScopeProject)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(filepath.Dir(project.Folder), "sites")
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for the sites' secrets: %w", err)
	}
	var out []app.SecretScope
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, app.SecretScope{
				Kind: app.ScopeSite, Of: project.Of + "/" + e.Name(), Folder: filepath.Join(folder, e.Name()), Recipients: project.Recipients,
			})
		}
	}
	return out, nil
}

// has says whether a scope has a secret that was not removed.
func (v *vault) has(scope app.SecretScope, name string) (bool, error) {
	record, err := v.folder(scope).Read(name)
	if _, ok := errors.AsType[*store.NotFoundError](err); ok {
		return false, nil
	}
	return err == nil && !record.Removed, err
}

// having are those of the scopes that have a secret.
func (v *vault) having(scopes []app.SecretScope, name string) ([]app.SecretScope, error) {
	var out []app.SecretScope
	for _, s := range scopes {
		has, err := v.has(s, name)
		if err != nil {
			return nil, err
		}
		if has {
			out = append(out, s)
		}
	}
	return out, nil
}

// find is the scope of a secret that is there: the one asked for, else the nearest that has it. Without a site's name, that
// is also the only site that has one.
func (f *secretFlags) find(v *vault, name string) (app.SecretScope, error) {
	if f.scope != "" {
		scope, err := v.scope(f.scope)
		if err != nil {
			return scope, err
		}
		has, err := v.has(scope, name)
		if err == nil && !has {
			err = &store.NotFoundError{Name: name, Where: []string{scope.Of}}
		}
		return scope, err
	}
	found, err := v.having(v.settings.Scopes, name)
	if err != nil {
		return app.SecretScope{}, err
	}
	if len(found) > 0 {
		return found[0], nil
	}
	where := make([]string, len(v.settings.Scopes))
	for i, s := range v.settings.Scopes {
		where[i] = s.Of
	}
	missing := &store.NotFoundError{Name: name, Where: where}
	if v.settings.Site.Name != "" {
		return app.SecretScope{}, missing
	}
	sites, err := v.siteScopes()
	if err != nil {
		return app.SecretScope{}, err
	}
	found, err = v.having(sites, name)
	switch {
	case err != nil:
		return app.SecretScope{}, err
	case len(found) == 0:
		return app.SecretScope{}, missing
	case len(found) > 1:
		return app.SecretScope{}, exit.With(exit.Usage, fmt.Errorf("%s is a secret of several sites (%s): give --site", name, strings.Join(namesOf(found), ", ")))
	}
	return found[0], nil
}

// home is the scope that a value is written to: the one asked for; else the site, where it was named or has the secret
// already; else the project.
func (f *secretFlags) home(v *vault, name string) (app.SecretScope, error) {
	if f.scope != "" {
		return v.scope(f.scope)
	}
	if v.settings.Site.Name == "" {
		return v.scope(app.ScopeProject)
	}
	site, err := v.scope(app.ScopeSite)
	if err != nil || v.named {
		return site, err
	}
	has, err := v.has(site, name)
	if err != nil || has {
		return site, err
	}
	return v.scope(app.ScopeProject)
}

// namesOf are the sites of sites' scopes.
func namesOf(scopes []app.SecretScope) []string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = filepath.Base(s.Folder)
	}
	slices.Sort(names)
	return names
}

// siteFlag is what a command has to name for a scope to be found again: " --site production", or nothing.
func siteFlag(scope app.SecretScope) string {
	if scope.Kind == app.ScopeSite {
		return " --site " + filepath.Base(scope.Folder)
	}
	return ""
}

// scopeFlag is siteFlag, and names the organization where that is meant.
func scopeFlag(scope app.SecretScope) string {
	if scope.Kind == app.ScopeOrganization {
		return " --scope " + scope.Kind
	}
	return siteFlag(scope)
}

// projectOf is the project that a scope is in; empty for an organization.
func projectOf(scope app.SecretScope) string {
	parts := strings.Split(scope.Of, "/")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// oneSecret refuses all but one argument, which names a secret. Who gives a second one may have meant it for the value,
// so it is not repeated.
func oneSecret(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return exit.With(exit.Usage, fmt.Errorf("%s takes the name of a secret; see %s --help", cmd.CommandPath(), cmd.CommandPath()))
	case len(args) > 1:
		return exit.With(exit.Usage, fmt.Errorf("%s takes the name of a secret and nothing else. A value is never an argument: the process table and the shell's "+
			"history would show it. Type it at the prompt, or pipe it in", cmd.CommandPath()))
	}
	if err := secret.CheckName(args[0]); err != nil {
		return exit.With(exit.Usage, err)
	}
	return nil
}

// completeNames offers the names of secrets.
func (f *secretFlags) completeNames(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	v, err := f.open()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	scopes := v.settings.Scopes
	if v.settings.Site.Name == "" {
		sites, _ := v.siteScopes() // fewer words
		scopes = append(sites, scopes...)
	}
	var words []cobra.Completion
	for _, scope := range scopes {
		names, _ := v.folder(scope).Names()
		words = append(words, names...)
	}
	slices.Sort(words)
	return slices.Compact(words), cobra.ShellCompDirectiveNoFileComp
}

// reading is what the journal keeps of a value that is shown.
func (f *secretFlags) reading(scope app.SecretScope, name string, version int) store.Reading {
	return store.Reading{At: time.Now(), By: operator(), Why: f.why, Scope: scope.Of, Name: name, Version: version}
}

// fileOf is a secret's file, as the user would write it.
func fileOf(scope app.SecretScope, name string) string {
	path := filepath.Join(scope.Folder, name+".json")
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(dir, path)
	if err != nil || strings.HasPrefix(relative, ".."+string(filepath.Separator)) {
		return path
	}
	return cmp.Or(relative, path)
}
