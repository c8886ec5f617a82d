package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// Settings are a site's settings after all layers are merged.
type Settings struct {
	Tool
	Org      string   `json:"org"`
	Project  string   `json:"project"`
	Site     string   `json:"site"`
	Hosts    []string `json:"hosts"`   // names
	Compose  []string `json:"compose"` // absolute paths
	Profiles []string `json:"profiles,omitempty"`
	Keep     int      `json:"keep"`
	// BuildHost names the host that builds; empty means the worker's own engine.
	BuildHost string       `json:"build_host,omitempty"`
	Transfer  app.Transfer `json:"transfer,omitzero"`
	// Registries are those with credentials of their own, sorted by name.
	Registries []app.Registry `json:"registries,omitempty"`
	// Approve is how long a run of the site waits for a person's yes; nil where it needs none.
	Approve *app.Approve `json:"approve,omitempty"`
}

// resolved is what the settings' files come to, before the compose file is read.
type resolved struct {
	dir     string
	file    settingsFile
	user    settingsFile
	layers  *layers
	site    string
	hosts   []app.Host
	environ map[string]string
	// siteless lets a project with several sites be read without one of them being meant: site is then empty.
	siteless bool
}

// resolve reads the settings' files and merges the layers for the site that is meant.
func resolve(o Options) (*resolved, Problems) {
	r, problems := resolveWithoutHosts(o, false)
	if len(problems) > 0 {
		return nil, problems
	}
	return r, r.findHosts()
}

// resolveWithoutHosts is resolve for those who ask no host.
func resolveWithoutHosts(o Options, siteless bool) (*resolved, Problems) {
	r, problems := readLayers(o)
	if len(problems) > 0 {
		return nil, problems
	}
	r.siteless = siteless
	// The layers so far hold the environment and the flags; what lies below them is merged again, in order.
	outside := r.layers
	return r, r.merge(outside, o.flags())
}

// readLayers reads the settings' files, and merges what holds whatever the project.
func readLayers(o Options) (*resolved, Problems) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, asProblems(err)
	}
	r := &resolved{dir: dir, environ: environMap(o.Environ)}
	file := o.File
	switch {
	case file == "":
		file = firstThere(dir, fileNames())
	case !filepath.IsAbs(file):
		file = filepath.Join(dir, file)
	}
	var problems, more Problems
	r.file, problems = readProjectFile(dir, file, o.File != "")
	r.layers, r.user, more = toolLayers(r.environ, o.flags())
	return r, append(problems, more...)
}

// merge builds the layers in order. Which site is meant is known from the layers around it.
func (r *resolved) merge(outside *layers, overrides map[string]string) Problems {
	r.site = outside.text(keySite)
	named := outside.origins[keySite]
	below := newLayers()
	err := below.addValues(layerDefault, defaults(defaultState(r.environ)), func(string) string { return "" })
	if err == nil {
		err = below.addFile(layerUser, r.user.doc, keyHosts, keyRegistries)
	}
	if err == nil {
		err = below.addFile(layerProject, r.file.doc, keyHosts, keySites, keyRegistries, keyApprove, keyBootstrap, keySecrets)
	}
	if approve := r.file.defaults.approve; err == nil && approve != "" {
		err = below.addValues(layerProject, map[string]any{keyApprove: approve}, func(key string) string { return where(r.file.doc, keyPath{key}) })
	}
	if err != nil {
		return asProblems(err)
	}
	if r.site == "" {
		r.site, named = below.text(keySite), below.origins[keySite]
	}
	if problems := r.chooseSite(named); len(problems) > 0 {
		return problems
	}
	inSite := func(key string) string {
		if key == keySiteHosts {
			key = keyHosts
		}
		return where(r.file.doc, keyPath{keySites, r.site}.with(strings.Split(key, ".")...))
	}
	if chosen, ok := r.file.sites[r.site]; ok {
		if err := below.addValues(layerSite, chosen.values(), inSite); err != nil {
			return asProblems(err)
		}
	}
	r.layers = below
	return below.addOutside(r.environ, overrides)
}

// chooseSite takes the site that is named, the only one there is, or the default one.
func (r *resolved) chooseSite(named Origin) Problems {
	names := sortedKeys(r.file.sites)
	switch {
	case r.site == "" && len(names) == 1:
		r.site = names[0]
	case r.site == "" && len(names) > 1 && r.siteless:
	case r.site == "" && len(names) > 1:
		return Problems{{File: r.file.doc.shown, Path: keySites, Message: "there are several sites and none is named: " + strings.Join(names, ", "),
			Advice: "name one by --site, or set site: in " + r.file.doc.shown}}
	case r.site == "":
		r.site = DefaultSite
	case len(names) > 0 && !slices.Contains(names, r.site):
		advice := didYouMean(r.site, names)
		if advice == "" {
			advice = "the sites are " + strings.Join(names, ", ")
		}
		return Problems{{File: r.file.doc.shown, Path: keySites, Message: fmt.Sprintf("there is no site %q (%s)", r.site, r.origin(named)), Advice: advice}}
	case !nameForm.MatchString(r.site):
		return Problems{{Path: "site", Message: fmt.Sprintf("%q is not a name", r.site), Advice: nameAdvice}}
	}
	return nil
}

func (r *resolved) origin(o Origin) string {
	if o.Where == "" {
		return o.Layer
	}
	return "from " + o.Where
}

// defined are all hosts that a file defines, by name.
func (r *resolved) defined() map[string]app.Host {
	out := map[string]app.Host{}
	for _, file := range []settingsFile{r.user, r.file} {
		for name, host := range file.hosts {
			host.IdentityFile = r.atHome(host.IdentityFile)
			out[name] = host.Host
		}
	}
	return out
}

// findHosts looks up the site's hosts, in the order in which it names them.
func (r *resolved) findHosts() Problems {
	defined := r.defined()
	if flag := r.layers.text(keyHost); flag != "" {
		host, err := hostFromFlag(flag, defined)
		if err != nil {
			return asProblems(err)
		}
		r.hosts = []app.Host{host}
		return r.checkBuildHost(defined)
	}
	return r.findOwnHosts(defined)
}

// findOwnHosts looks up the hosts that the files give the site.
func (r *resolved) findOwnHosts(defined map[string]app.Host) Problems {
	names := r.layers.texts(keySiteHosts)
	if len(names) == 0 && len(r.file.sites) == 0 {
		names = sortedKeys(r.file.hosts)
	}
	if len(names) == 0 {
		return Problems{r.noHosts()}
	}
	var problems Problems
	for i, name := range names {
		host, ok := defined[name]
		path := keyPath{keySites, r.site, keyHosts}.item(i)
		switch {
		case !ok && name == app.LocalAddress:
			host = app.Host{Name: name, Address: app.LocalAddress}
		case !ok:
			advice := didYouMean(name, sortedKeys(defined))
			if advice == "" {
				advice = "define it under hosts:"
			}
			problems = append(problems, r.problem(path, fmt.Sprintf("there is no host %q", name), advice))
			continue
		}
		if slices.ContainsFunc(r.hosts, func(h app.Host) bool { return h.Name == name }) {
			problems = append(problems, r.problem(path, fmt.Sprintf("the host %q is named twice", name), "remove one"))
			continue
		}
		r.hosts = append(r.hosts, host)
	}
	return append(problems, r.checkBuildHost(defined)...)
}

// checkBuildHost holds build_host to the hosts there are.
func (r *resolved) checkBuildHost(defined map[string]app.Host) Problems {
	name := r.layers.text(keyBuildHost)
	if name == "" || slices.ContainsFunc(r.hosts, func(h app.Host) bool { return h.Name == name }) {
		return nil
	}
	o := r.layers.origins[keyBuildHost]
	message := fmt.Sprintf("there is no host %q", name)
	advice := didYouMean(name, sortedKeys(defined))
	if _, ok := defined[name]; ok {
		message, advice = fmt.Sprintf("the host %q is not one of the site's", name), "add it to the site's hosts"
	}
	return Problems{{Path: keyBuildHost, Message: message + " (" + r.origin(o) + ")", Advice: advice}}
}

// noHostAdvice says how a command that takes --host is told of one.
const noHostAdvice = "name one by --host user@server (or --host local for this machine), or define it under hosts: in longshore.yml"

func (r *resolved) noHosts() Problem {
	if r.file.doc == nil {
		return Problem{Message: "there is no host", Advice: noHostAdvice}
	}
	return r.problem(keyPath{keySites, r.site}, "the site "+r.site+" has no hosts", noHostAdvice)
}

func (r *resolved) problem(path keyPath, message, advice string) Problem {
	report := &report{place: documentPlace(r.file.doc)}
	report.add(path, message, advice)
	return report.problems[0]
}
