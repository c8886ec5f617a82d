package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// Fleet is the hosts of a project as they are to be bootstrapped.
type Fleet struct {
	Tool  Tool
	Hosts []FleetHost
	// Site is the site whose hosts they are; empty where they were named themselves.
	Site string
}

// FleetHost is one host, and what it is to become.
type FleetHost struct {
	app.Host
	Bootstrap app.Bootstrap
	// Defined says that a file names the host, so that its address can be changed there.
	Defined bool
}

// LoadFleet reads what hosts are to become: those that are named (hosts of the files, or addresses), or else those of the
// site. It needs no compose file; with names no project at all. What is wrong is Problems, all that was found.
func LoadFleet(o Options, names []string) (*Fleet, error) {
	var r *resolved
	var problems Problems
	if len(names) == 0 {
		r, problems = resolve(o)
	} else {
		r, problems = readLayers(o)
	}
	for i, p := range problems {
		if p.Advice == noHostAdvice {
			problems[i].Advice = "name one, such as root@server, or define it under hosts: in longshore.yml"
		}
	}
	if len(problems) > 0 {
		return nil, problems.asError()
	}
	if len(names) > 0 {
		if r.hosts, problems = r.named(names); len(problems) > 0 {
			return nil, problems.asError()
		}
	}
	if problems = r.findFleetIdentities(o); len(problems) > 0 {
		return nil, problems.asError()
	}
	tool, err := r.layers.tool()
	if err != nil {
		return nil, err
	}
	out := &Fleet{Tool: tool, Site: r.site}
	for _, h := range r.hosts {
		settings, more := r.bootstrapOf(h)
		problems = append(problems, more...)
		out.Hosts = append(out.Hosts, FleetHost{Host: h, Bootstrap: settings, Defined: r.layerOf(h.Name) != nil})
	}
	return out, problems.asError()
}

// named are the hosts that names mean. An address of a host that a file defines means that host, with the login given:
// what is said of the host would be taken from it otherwise.
func (r *resolved) named(names []string) ([]app.Host, Problems) {
	defined := r.defined()
	var out []app.Host
	var problems Problems
	for _, name := range names {
		host, err := hostFromFlag(name, defined)
		if err != nil {
			for _, p := range asProblems(err) {
				p.Path = "" // it is no flag
				problems = append(problems, p)
			}
			continue
		}
		for _, known := range sortedKeys(defined) {
			if _, byName := defined[name]; !byName && serverOf(defined[known].Address) == serverOf(host.Address) {
				address := host.Address
				host = defined[known]
				host.Address = address
				break
			}
		}
		if !slices.ContainsFunc(out, func(h app.Host) bool { return serverOf(h.Address) == serverOf(host.Address) }) {
			out = append(out, host)
		}
	}
	return out, problems
}

// findFleetIdentities completes the keys of hosts that are secrets, for the site that is meant where one is.
func (r *resolved) findFleetIdentities(o Options) Problems {
	if !keepKeys(r.hosts) {
		return nil
	}
	// Who names hosts has read no more than the layers so far, and need not mean a site.
	project, problems := resolveWithoutHosts(o, true)
	if len(problems) > 0 {
		return problems
	}
	site, problems := project.siteAlone()
	if len(problems) > 0 {
		return problems
	}
	return project.findIdentities(r.hosts, site)
}

// serverOf is an address without its user, and without the port of SSH.
func serverOf(address string) string {
	if _, server, ok := strings.Cut(address, "@"); ok {
		address = server
	}
	return strings.TrimSuffix(address, ":22")
}

// layerOf is what is said of one host, by the file whose host it is; nil for one that no file defines.
func (r *resolved) layerOf(name string) *bootstrapLayer {
	for _, file := range []settingsFile{r.file, r.user} {
		if h, ok := file.hosts[name]; ok {
			return &h.bootstrap
		}
	}
	return nil
}

// bootstrapOf is what a host is to become: the nearest of what is said of each thing. What its sites allow adds up.
func (r *resolved) bootstrapOf(h app.Host) (app.Bootstrap, Problems) {
	var own bootstrapLayer
	if said := r.layerOf(h.Name); said != nil {
		own = *said
	}
	out := own.over(r.file.bootstrap)
	for _, name := range sortedKeys(r.file.sites) {
		here := name == r.site && slices.ContainsFunc(r.hosts, func(other app.Host) bool { return other.Name == h.Name })
		if here || slices.Contains(r.file.sites[name].hosts, h.Name) {
			out.Firewall.Allow = append(out.Firewall.Allow, r.file.sites[name].allow...)
		}
	}
	if out.Firewall.Off {
		out.Firewall.Allow = nil
	}
	out.Firewall.Allow = withoutRepeats(out.Firewall.Allow)
	var problems Problems
	out.PublicKeys, problems = r.publicKeys(h, out)
	return out, problems
}

// withoutRepeats keeps the first of equal rules.
func withoutRepeats(rules []app.FirewallRule) []app.FirewallRule {
	var out []app.FirewallRule
	for _, rule := range rules {
		if !slices.ContainsFunc(out, func(o app.FirewallRule) bool {
			return o.Port == rule.Port && o.Protocol == rule.Protocol && slices.Equal(o.From, rule.From)
		}) {
			out = append(out, rule)
		}
	}
	return out
}

// publicKeys are the keys of the host's login, those of files read. Where none is said, they are the public halves of the
// keys that this machine logs in with.
func (r *resolved) publicKeys(h app.Host, b app.Bootstrap) ([]string, Problems) {
	if b.User == "" || b.User == "root" {
		return nil, nil
	}
	if len(b.PublicKeys) == 0 {
		return r.ownKeys(h)
	}
	var out []string
	var problems Problems
	for _, key := range b.PublicKeys {
		if !isKeyFile(key) {
			out = append(out, strings.TrimSpace(key))
			continue
		}
		read, err := readKeyFile(r.atHome(key))
		if err != nil {
			problems = append(problems, r.keyProblem(h, key, err))
		}
		out = append(out, read...)
	}
	return out, problems
}

// keyProblem points to where a file of a key was named.
func (r *resolved) keyProblem(h app.Host, key string, err error) Problem {
	doc, path := r.file.doc, r.file.bootstrap.path
	if own := r.layerOf(h.Name); own != nil && own.keys != nil {
		path = own.path
		if _, ok := r.file.hosts[h.Name]; !ok {
			doc = r.user.doc
		}
	}
	report := &report{place: documentPlace(doc)}
	report.add(path.with("public_keys"), fmt.Sprintf("%s: %v", key, err), keyAdvice)
	return report.problems[0]
}

// ownKeys looks for the public halves of the keys that are offered to a host.
func (r *resolved) ownKeys(h app.Host) ([]string, Problems) {
	if name := h.IdentitySecret.Name; name != "" {
		return nil, Problems{{
			Path:    "bootstrap.public_keys",
			Message: fmt.Sprintf("the key of %s is the secret %s, whose public half no file has", h.Name, name),
			Advice:  `name it: public_keys: ["ssh-ed25519 AAAA…"], as ssh-keygen -y -f shows it`,
		}}
	}
	private := []string{"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"}
	if h.IdentityFile != "" {
		private = []string{h.IdentityFile}
	}
	var out []string
	for _, file := range private {
		if read, err := readKeyFile(r.atHome(file + ".pub")); err == nil {
			out = append(out, read...)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return nil, Problems{{
		Path:    "bootstrap.public_keys",
		Message: fmt.Sprintf("no public key of yours was found for the user of %s (looked for %s.pub)", h.Name, strings.Join(private, ".pub, ")),
		Advice:  "name one: public_keys: [~/.ssh/id_ed25519.pub]",
	}}
}

// atHome is a path with its ~ filled in.
func (r *resolved) atHome(path string) string {
	if below, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(r.environ["HOME"], below)
	}
	return path
}

// readKeyFile reads the keys of a file of public keys.
func readKeyFile(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %s", cause(err))
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !isPublicKey(line):
			return nil, errors.New("does not hold public keys")
		default:
			out = append(out, line)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("holds no public key")
	}
	return out, nil
}

// deriveBootstrap notes where what the site's hosts are to become comes from.
func (r *resolved) deriveBootstrap() {
	note := func(layer string, doc *document, path keyPath, said map[string]any) {
		for key, value := range said {
			name := path.with(key).String()
			r.layers.origins[name] = Origin{Key: name, Value: value, Layer: layer, Where: where(doc, path.with(key))}
		}
	}
	note(layerProject, r.file.doc, r.file.bootstrap.path, r.file.bootstrap.said())
	for _, h := range r.hosts {
		if own, ok := r.file.hosts[h.Name]; ok {
			note(layerProject, r.file.doc, own.bootstrap.path, own.bootstrap.said())
		} else if own, ok := r.user.hosts[h.Name]; ok {
			note(layerUser, r.user.doc, own.bootstrap.path, own.bootstrap.said())
		}
	}
	if site := r.file.sites[r.site]; len(site.allow) > 0 {
		note(layerSite, r.file.doc, keyPath{keySites, r.site}, map[string]any{"firewall": firewallLayer{allow: site.allow}.said()})
	}
}
