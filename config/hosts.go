package config

import (
	"net"
	"regexp"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// nameForm is what names of organizations, projects and sites look like: they become part of Docker's names.
var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// hostNameForm also allows dots, so that a host may be called by its address.
var hostNameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

const nameAdvice = "names are made of lower case letters, digits, dashes and underscores, and begin with a letter or digit"

// definedHost is a host as a file defines it.
type definedHost struct {
	app.Host
	bootstrap bootstrapLayer
}

// readHosts reads the hosts that a file defines, by name.
func readHosts(f *fields) map[string]definedHost {
	out := map[string]definedHost{}
	for _, name := range sortedKeys(f.values) {
		sub := f.sub(name)
		if !hostNameForm.MatchString(name) {
			f.report.add(sub.path, "is not a name for a host", nameAdvice+"; hosts may have dots")
		}
		out[name] = readHost(sub, name)
	}
	f.done()
	return out
}

func readHost(f *fields, name string) definedHost {
	h := app.Host{
		Name:         name,
		Address:      f.text("address"),
		Jump:         f.text("jump"),
		IdentityFile: f.text("identity_file"),
		DockerSocket: f.text("docker_socket"),
		StateDir:     f.text("state_dir"),
	}
	h.IdentitySecret.Name = f.text(keyIdentitySecret)
	edge := f.sub("edge")
	h.Edge.HTTP, _ = edge.number("http", 1, 65535)
	h.Edge.Mode = edge.oneOf("mode", app.EdgeHostNetwork, app.EdgeBridge)
	edge.done()
	bootstrap := readBootstrap(f.sub(keyBootstrap))
	f.done()
	if h.Address == "" && name == app.LocalAddress {
		h.Address = app.LocalAddress
	}
	checkHost(f, h)
	return definedHost{h, bootstrap}
}

func checkHost(f *fields, h app.Host) {
	if h.Address == "" && !f.report.has(f.path.with("address")) {
		f.report.add(f.path, "the host has no address", "write user@name:port, or local for the engine of this machine")
	}
	if problem := addressProblem(h.Address); problem != "" {
		f.report.add(f.path.with("address"), problem, "write user@name:port, or local for the engine of this machine")
	}
	if problem := addressProblem(h.Jump); problem != "" {
		f.report.add(f.path.with("jump"), problem, "write user@name:port")
	}
	if h.Local() && (h.Jump != "" || h.IdentityFile != "" || h.IdentitySecret.Name != "") {
		f.report.add(f.path, "jump, identity_file and identity_secret have no meaning for the engine of this machine", "remove them")
	}
	if name := h.IdentitySecret.Name; name != "" {
		f.report.checkSecretName(f.path.with(keyIdentitySecret), name)
		if h.IdentityFile != "" {
			f.report.add(f.path.with(keyIdentitySecret), "the host has an identity_file, too", "keep one of them")
		}
	}
	if h.IdentityFile != "" && !strings.HasPrefix(h.IdentityFile, "/") && !strings.HasPrefix(h.IdentityFile, "~/") {
		f.report.add(f.path.with("identity_file"), "must be an absolute path, or begin with ~/", "")
	}
	for _, absolute := range []struct{ key, value string }{{"docker_socket", h.DockerSocket}, {"state_dir", h.StateDir}} {
		if absolute.value != "" && !strings.HasPrefix(absolute.value, "/") {
			f.report.add(f.path.with(absolute.key), "must be an absolute path of the host", "")
		}
	}
}

// addressProblem says what is wrong with "[user@]name[:port]"; empty where nothing is, or there is no address.
func addressProblem(address string) string {
	if address == "" {
		return ""
	}
	_, name, hasUser := strings.Cut(address, "@")
	if !hasUser {
		name = address
	}
	switch {
	case strings.Contains(address, "://"):
		return "is an address without a scheme"
	case strings.HasPrefix(address, "-") || strings.HasPrefix(address, "@") || strings.HasPrefix(name, "-"):
		return "is not an address"
	case strings.ContainsAny(address, " \t\r\n/\\'\"`$;|&<>"):
		return "holds a character that an address cannot have"
	}
	host := name
	if h, port, err := net.SplitHostPort(name); err == nil {
		n, ok := wholeNumber(port)
		if !ok || n < 1 || n > 65535 {
			return "ends in a port that is none"
		}
		host = h
	}
	if host == "" {
		return "names no host"
	}
	return ""
}

// hostFromFlag is the host that --host names: one of the project's, or an address.
func hostFromFlag(text string, defined map[string]app.Host) (app.Host, error) {
	if h, ok := defined[text]; ok {
		return h, nil
	}
	if text == app.LocalAddress {
		return app.Host{Name: app.LocalAddress, Address: app.LocalAddress}, nil
	}
	if problem := addressProblem(text); problem != "" {
		return app.Host{}, Problems{{Path: "--host", Message: text + " " + problem, Advice: "write user@name:port, local, or the name of a host in longshore.yml"}}
	}
	// A word without a user, port or dot is more likely a host's name than an address, once the project names any.
	if best := nearest(text, sortedKeys(defined)); best != "" && !strings.ContainsAny(text, "@:.") {
		return app.Host{}, Problems{{Path: "--host", Message: text + " is no host of this project", Advice: `did you mean "` + best + `"?`}}
	}
	return app.Host{Name: hostNameOf(text), Address: text}, nil
}

// hostNameOf makes a name of an address: its host alone.
func hostNameOf(address string) string {
	_, name, ok := strings.Cut(address, "@")
	if !ok {
		name = address
	}
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	var b strings.Builder
	for _, c := range strings.ToLower(strings.Trim(name, "[]")) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			c = '-'
		}
		b.WriteRune(c)
	}
	return strings.Trim(b.String(), "-._")
}
