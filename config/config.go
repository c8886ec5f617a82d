package config

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// Options say what to load. The zero value loads the project of the current folder for its only site.
type Options struct {
	// Dir is the project's folder; empty means the current one. Relative paths below are relative to it.
	Dir string
	// File is the project file; empty means longshore.yml in Dir, where there is one.
	File string
	// Compose are the compose files, later ones over earlier ones; empty means those of the settings, or compose.yaml.
	Compose []string
	// Site is the site meant; empty leaves it to the settings.
	Site string
	// Host is a host of the project, or an address, to use in place of the site's hosts.
	Host string
	// Dirty allows a git tree with changes that are not committed.
	Dirty bool
	// Profiles of the compose file to turn on; empty leaves it to the settings.
	Profiles []string
	// Overrides are settings given by flags, by key, such as keep or engine.port.
	Overrides map[string]string
	// Environ is the environment as NAME=value; nil means the process's own.
	Environ []string
}

// flags are all settings that the options give, by key.
func (o Options) flags() map[string]string {
	out := maps.Clone(o.Overrides)
	if out == nil {
		out = map[string]string{}
	}
	for key, value := range map[string]string{
		keySite: o.Site, keyHost: o.Host,
		keyCompose: strings.Join(o.Compose, ","), keyProfiles: strings.Join(o.Profiles, ","),
	} {
		if value != "" {
			out[key] = value
		}
	}
	return out
}

// Project is everything read from a user's files for one site.
type Project struct {
	Spec     app.Spec
	Settings Settings
	// Origins say where each setting came from, by key.
	Origins []Origin
	// Files are the absolute paths of the files read.
	Files []string
	// Rotations are how the site's secrets are rotated.
	Rotations Rotations
}

// maxSpecBytes is how large a spec may be: it travels to the engine as one message, which Temporal bounds at 2 MB. Those
// for all hosts may travel together, in a request that gRPC bounds at 4 MB: maxSpecsBytes is for all of them.
const (
	maxSpecBytes  = 1_500_000
	maxSpecsBytes = 3_000_000
)

// Load reads a project for one site and validates it. What is wrong in the files is Problems, all that was found; a git
// tree with changes is a *DirtyError unless allowed.
func Load(ctx context.Context, o Options) (*Project, error) {
	r, problems := resolve(o)
	if len(problems) > 0 {
		return nil, problems.asError()
	}
	tool, err := r.layers.tool()
	if err != nil {
		return nil, err
	}
	files, err := r.composeFiles()
	if err != nil {
		return nil, err
	}
	c, problems := loadCompose(ctx, composeInput{
		dir: r.dir, files: files, project: r.layers.text(keyProject), profiles: r.layers.texts(keyProfiles), environ: r.environ,
	})
	if c == nil {
		return nil, problems.asError()
	}
	r.derive(c)
	p := &Project{Settings: r.settings(tool, files, c.project.Name), Files: r.files(c)}
	p.Spec, problems = r.spec(c, p.Settings, append(problems, r.checkEntries()...))
	p.Origins, p.Rotations = r.layers.sorted(), r.rotations()
	if len(problems) > 0 {
		return nil, problems.asError()
	}
	store := r.storeFiles(p.Spec.Site.Org)
	store.keepOut(p.Spec.Services)
	if p.Spec.Source, err = source(ctx, r.dir, r.projectFiles(c), p.Spec.Services, store, o.Dirty); err != nil {
		return nil, err
	}
	return p, checkSize(p.Spec)
}

// composeFiles are the compose files to load, absolute.
func (r *resolved) composeFiles() ([]string, error) {
	names := r.layers.texts(keyCompose)
	if len(names) == 0 {
		return findCompose(r.dir)
	}
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name
		if !filepath.IsAbs(name) {
			out[i] = filepath.Join(r.dir, name)
		}
	}
	return out, nil
}

// derive notes the settings that the compose file or the folder decided.
func (r *resolved) derive(c *compose) {
	set := func(key string, value any, where string) {
		if _, ok := r.layers.origins[key]; !ok {
			r.layers.origins[key] = Origin{Key: key, Value: value, Layer: layerDerived, Where: where}
		}
	}
	set(keyProject, c.project.Name, c.nameFrom)
	set(keySite, r.site, "")
	shown := make([]string, len(c.sources.named))
	for i, doc := range c.sources.named {
		shown[i] = doc.shown
	}
	set(keyCompose, shown, "")
	names := make([]string, len(r.hosts))
	for i, host := range r.hosts {
		names[i] = host.Name
	}
	origin, ok := r.layers.origins[keySiteHosts]
	switch host, byFlag := r.layers.origins[keyHost]; {
	case byFlag:
		origin = host
	case !ok:
		origin = Origin{Layer: layerDerived}
	}
	delete(r.layers.origins, keySiteHosts)
	delete(r.layers.origins, keyHost)
	origin.Key, origin.Value = keyHosts, names
	r.layers.origins[keyHosts] = origin
	r.deriveBootstrap()
}

func (r *resolved) settings(tool Tool, files []string, project string) Settings {
	s := Settings{
		Tool:      tool,
		Org:       r.layers.text(keyOrg),
		Project:   project,
		Site:      r.site,
		Compose:   files,
		Profiles:  r.layers.texts(keyProfiles),
		Keep:      r.layers.number(keyKeep),
		BuildHost: r.layers.text(keyBuildHost),
		Approve:   r.layers.approve(),
		Transfer:  app.Transfer{Parallel: r.layers.number(keyParallel)},
	}
	// Every layer's rate was held to its form where it was read.
	s.Transfer.MaxRate, _ = parseRate(r.layers.text(keyMaxRate))
	s.Registries = r.registries()
	for _, host := range r.hosts {
		s.Hosts = append(s.Hosts, host.Name)
	}
	return s
}

// projectFiles are the files read that belong to the project, sorted.
func (r *resolved) projectFiles(c *compose) []string {
	out := c.sources.files()
	if r.file.doc != nil {
		out = append(out, r.file.doc.file)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// files are all the files read.
func (r *resolved) files(c *compose) []string {
	out := r.projectFiles(c)
	if r.user.doc != nil {
		out = append(out, r.user.doc.file)
	}
	return out
}

// spec translates the compose project for the site, and adds what is wrong to the problems found before.
func (r *resolved) spec(c *compose, s Settings, problems Problems) (app.Spec, Problems) {
	remote := ""
	if i := slices.IndexFunc(r.hosts, func(h app.Host) bool { return !h.Local() }); i >= 0 {
		remote = r.hosts[i].Name
	}
	site := app.Site{Org: s.Org, Project: s.Project, Name: s.Site}
	problems = slices.Concat(problems, checkSiteNames(site), r.findIdentities(r.hosts, site))
	t := newTranslator(c, remote, r.secretEntries())
	t.problems = append(problems, r.checkServices(c)...)
	t.checkSecretSources()
	spec := app.Spec{
		Site:       site,
		Hosts:      r.hosts,
		Services:   t.services(),
		Keep:       s.Keep,
		BuildHost:  s.BuildHost,
		Approve:    s.Approve,
		Transfer:   s.Transfer,
		Registries: s.Registries,

		SecretScopes: r.secretScopes(site),
	}
	shift := t.shift(spec.Services)
	spec.Canary, spec.Irreversible = shift.canary, shift.irreversible
	t.settleWatches(spec.Services, shift.canary != nil)
	spec.Networks, spec.Volumes = t.networks(spec.Services), t.volumes(spec.Services)
	if len(spec.Services) == 0 {
		t.add(keyPath{"services"}, "there is no service to deploy", "define one, or turn on a profile by --profile")
	}
	t.wantPasswords(s.Registries)
	spec.Secrets = t.secrets.sorted()
	t.problems = append(t.problems, r.checkEntryFiles(t.secrets)...)
	r.deriveSecrets(t)
	return spec, t.problems
}

func checkSize(spec app.Spec) error {
	text, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	if limit := min(maxSpecBytes, maxSpecsBytes/max(1, len(spec.Hosts))); len(text) > limit {
		return Problems{{Path: "services",
			Message: fmt.Sprintf("the whole configuration is %d kB, larger than the %d kB that may go to %d hosts at once", len(text)/1000, limit/1000, len(spec.Hosts)),
			Advice:  "put large files into images or volumes, and shorten the environment"}}
	}
	return nil
}
