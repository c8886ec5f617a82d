package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/longshore-dev/longshore/internal/app"
)

// fileNames are the names longshore.yml may have, the first found wins.
func fileNames() []string { return []string{"longshore.yml", "longshore.yaml"} }

// settingsFile is a longshore.yml, or the user's own file, read and held to its keys.
type settingsFile struct {
	doc        *document // nil where there is no file
	hosts      map[string]definedHost
	sites      map[string]site
	bootstrap  bootstrapLayer // for all hosts
	registries map[string]app.Registry
	// defaults are what longshore.yml says for all sites.
	defaults site
}

// site is one entry of sites. Zero values were not written.
type site struct {
	hosts      []string
	compose    []string
	profiles   []string
	keep       int
	buildHost  string
	maxRate    any // as written
	parallel   int
	registries map[string]app.Registry
	// approve is how long a run waits for a person's yes; empty where nothing says it, and noApproval for not at all.
	approve string
	// allow is what the firewalls of its hosts let in.
	allow []app.FirewallRule
	// secrets are where its secrets are found and how they are rotated, by name.
	secrets map[string]secretEntry
}

// values are what the site's entry sets, by key.
func (s site) values() map[string]any {
	out := map[string]any{}
	if s.hosts != nil {
		out[keySiteHosts] = s.hosts
	}
	if s.compose != nil {
		out[keyCompose] = s.compose
	}
	if s.profiles != nil {
		out[keyProfiles] = s.profiles
	}
	if s.keep != 0 {
		out[keyKeep] = s.keep
	}
	if s.buildHost != "" {
		out[keyBuildHost] = s.buildHost
	}
	if s.approve != "" {
		out[keyApprove] = s.approve
	}
	if s.maxRate != nil {
		out[keyMaxRate] = s.maxRate
	}
	if s.parallel != 0 {
		out[keyParallel] = s.parallel
	}
	return out
}

// readSettingsFile reads a file; a missing one is empty unless it must be there.
func readSettingsFile(dir, file string, must bool) (settingsFile, Problems) {
	out := settingsFile{hosts: map[string]definedHost{}, sites: map[string]site{}}
	if file == "" {
		return out, nil
	}
	shown := shownName(dir, file)
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !must:
		return out, nil
	case err != nil:
		return out, Problems{{File: shown, Message: "cannot be read: " + cause(err)}}
	}
	doc, problem := parseDocument(file, shown, text)
	if problem != nil {
		return out, Problems{*problem}
	}
	if len(doc.roots) > 1 {
		second := doc.roots[1]
		return out, Problems{{File: shown, Line: second.Line, Message: "holds more than one YAML document", Advice: "keep one"}}
	}
	out.doc = doc
	return out, nil
}

func (s *settingsFile) fields() (*fields, *report, Problems) {
	r := &report{place: documentPlace(s.doc)}
	if len(s.doc.roots) == 0 {
		return mapping(r, nil, nil), r, nil
	}
	values, problem := s.doc.values(s.doc.roots[0])
	if problem != nil {
		return nil, r, Problems{*problem}
	}
	return mapping(r, nil, stringKeys(values)), r, nil
}

// readProjectFile reads longshore.yml.
func readProjectFile(dir, file string, must bool) (settingsFile, Problems) {
	out, problems := readSettingsFile(dir, file, must)
	if out.doc == nil || len(problems) > 0 {
		return out, problems
	}
	f, r, problems := out.fields()
	if len(problems) > 0 {
		return out, problems
	}
	checkName(f, keyProject, f.text(keyProject))
	checkName(f, keyOrg, f.text(keyOrg))
	f.text(keySite)
	out.hosts = readHosts(f.sub(keyHosts))
	out.defaults = readSiteDefaults(f)
	out.registries = out.defaults.registries
	out.bootstrap = readBootstrap(f.sub(keyBootstrap))
	readStore(f.sub(keyStore))
	sites := f.sub(keySites)
	for _, name := range sortedKeys(sites.values) {
		checkName(sites, name, name)
		out.sites[name] = readSite(sites.sub(name))
	}
	for key, advice := range map[string]string{
		keyState: "put it into your own settings, or set LONGSHORE_STATE", keyEngine: "put it into your own settings",
	} {
		if _, ok := f.get(key); ok {
			r.add(keyPath{key}, "is a setting of this machine, not of the project", advice)
		}
	}
	f.done()
	return out, r.problems
}

// readSite reads one entry of sites.
func readSite(f *fields) site {
	s := site{hosts: f.texts(keyHosts)}
	if s.hosts != nil && len(s.hosts) == 0 {
		f.report.add(f.path.with(keyHosts), "names no host", "name one that hosts defines")
	}
	defaults := readSiteDefaults(f)
	defaults.hosts = s.hosts
	defaults.allow = readAllow(f.sub("firewall"))
	if _, ok := f.get(keyStore); ok {
		f.report.add(f.path.with(keyStore), "holds for all sites of a project", "move it to the top of the file")
	}
	f.done()
	return defaults
}

// readSiteDefaults reads the keys that a site has, and that longshore.yml may also set for all sites.
func readSiteDefaults(f *fields) site {
	s := site{compose: f.texts(keyCompose), profiles: f.texts(keyProfiles), buildHost: f.text(keyBuildHost)}
	s.keep, _ = f.number(keyKeep, 1, 1000)
	s.approve = readApprove(f)
	s.maxRate, s.parallel = readTransfer(f.sub(keyTransfer))
	s.registries = readRegistries(f.sub(keyRegistries))
	s.secrets = readSecrets(f.sub(keySecrets))
	return s
}

// readTransfer reads how images get to hosts.
func readTransfer(f *fields) (maxRate any, parallel int) {
	maxRate = f.rate("max_rate")
	parallel, _ = f.number("parallel", 1, maxParallel)
	f.done()
	return maxRate, parallel
}

const maxParallel = 1000

// readUserFile reads the user's own settings, which hold for all projects. Messages name it by its whole path.
func readUserFile(file string) (settingsFile, Problems) {
	out, problems := readSettingsFile("", file, false)
	if out.doc == nil || len(problems) > 0 {
		return out, problems
	}
	f, r, problems := out.fields()
	if len(problems) > 0 {
		return out, problems
	}
	checkName(f, keyOrg, f.text(keyOrg))
	out.hosts = readHosts(f.sub(keyHosts))
	f.number(keyKeep, 1, 1000)
	readTransfer(f.sub(keyTransfer))
	out.registries = readRegistries(f.sub(keyRegistries))
	readUserStore(f.sub(keyStore))
	f.text(keyState)
	engine := f.sub(keyEngine)
	for _, port := range []string{"port", "ui_port", "codec_port"} {
		engine.number(port, 1, 65535)
	}
	engine.done()
	for _, key := range []string{keyProject, keySite, keySites, keyCompose, keyProfiles, keyBuildHost, keyApprove, keyBootstrap, keySecrets} {
		if _, ok := f.get(key); ok {
			r.add(keyPath{key}, "is a setting of a project", "put it into the project's longshore.yml")
		}
	}
	f.done()
	return out, r.problems
}

// checkName reports a name that cannot be one; an empty one was not written.
func checkName(f *fields, key, name string) {
	if name != "" && !nameForm.MatchString(name) {
		f.report.add(f.path.with(key), fmt.Sprintf("%q is not a name", name), nameAdvice)
	}
}

// userFilePath is where the user's own settings are; empty where there is no home.
func userFilePath(environ map[string]string) string { return inUserFolder(environ, "config.yml") }

// inUserFolder is a path in the folder of the user's own settings; empty where there is no home.
func inUserFolder(environ map[string]string, names ...string) string {
	below := filepath.Join(append([]string{"longshore"}, names...)...)
	if dir := environ["XDG_CONFIG_HOME"]; filepath.IsAbs(dir) {
		return filepath.Join(dir, below)
	}
	if home := environ["HOME"]; home != "" {
		return filepath.Join(home, ".config", below)
	}
	return ""
}

// defaultState is where the engine's data, keys and logs of this machine's Longshore are; empty where there is no home.
func defaultState(environ map[string]string) string {
	if dir := environ["XDG_STATE_HOME"]; filepath.IsAbs(dir) {
		return filepath.Join(dir, "longshore")
	}
	if home := environ["HOME"]; home != "" {
		return filepath.Join(home, ".local", "state", "longshore")
	}
	return ""
}
