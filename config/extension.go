package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// extensionKey is where a service says what the compose specification has no word for.
const extensionKey = "x-longshore"

// The defaults of x-longshore.
const (
	DefaultHealthWithin    = 60 * time.Second
	DefaultHealthStableFor = 3 * time.Second
	DefaultHealthInterval  = 500 * time.Millisecond
	DefaultHealthTimeout   = 5 * time.Second
	DefaultDrain           = app.DefaultDrain
)

// extension is a service's x-longshore. Nil durations were not written: zero is a choice of its own.
type extension struct {
	routes   []routeExtension
	health   healthExtension
	drain    *time.Duration
	release  []string
	transfer string
	// secrets are those that become variables, and the names of these.
	secrets  []string
	onChange *app.OnChange
	shift    shiftExtension
}

type routeExtension struct {
	route app.Route
	path  keyPath
}

type healthExtension struct {
	path                                 string
	port                                 int
	within, stableFor, interval, timeout *time.Duration
}

// The values of transfer.
const (
	transferPull = "pull"
	transferPush = "push"
)

// Keys that have a meaning reserved: refused, so that a file never says what does not happen.
func reservedServiceKeys() map[string]string {
	return map[string]string{
		"tls":           plainHTTPOnly,
		"hsts":          plainHTTPOnly,
		"redirect_http": plainHTTPOnly,
	}
}

func reservedRouteKeys() map[string]string {
	return map[string]string{"tls": plainHTTPOnly, "hsts": plainHTTPOnly, "redirect_http": plainHTTPOnly}
}

const plainHTTPOnly = "the edge serves plain HTTP; remove it, and end TLS in front of the edge"

// readExtension reads x-longshore's value. It reports what is wrong by itself; what a route or a check lacks is only
// known once all files are merged.
func readExtension(r *report, path keyPath, value any) extension {
	f := mapping(r, path, value)
	e := extension{
		routes:   readRoutes(f),
		health:   readHealth(f.sub("health")),
		drain:    f.duration("drain"),
		transfer: f.oneOf("transfer", transferPull, transferPush),
		secrets:  readSecretVariables(f),
		onChange: readOnChange(f),
		shift:    readShift(f),
	}
	if v, ok := f.get("release"); ok {
		if line, isText := v.(string); isText {
			r.add(path.with("release"), "must be a list, not "+describe(line), `write the program and its arguments, such as ["/app", "migrate"]`)
		} else {
			e.release = f.texts("release")
		}
	}
	f.refuse(reservedServiceKeys())
	f.done()
	return e
}

// readSecretVariables reads the names of secrets that become variables of the environment.
func readSecretVariables(f *fields) []string {
	const key = "secrets"
	// What is wrong may hold a value, as in "NAME=value", and is not repeated.
	if v, ok := f.get(key); ok {
		if _, isList := v.([]any); !isList {
			f.report.add(f.path.with(key), "must be a list", "write the names of the secrets, such as [DATABASE_URL]")
			return nil
		}
	}
	names := f.texts(key)
	for i, name := range names {
		path := f.path.with(key).item(i)
		name, _, valued := strings.Cut(name, "=")
		switch {
		case valued:
			f.report.add(path, "must be a name alone", notKeptHere(name))
		case !variableForm.MatchString(name) && !f.report.has(path):
			f.report.add(path, fmt.Sprintf("%q is not a name for a variable", name), variableAdvice+"; for a file use the service's own secrets")
		}
	}
	return names
}

// readRoutes reads one route, or a list of them.
func readRoutes(f *fields) []routeExtension {
	value, ok := f.get("route")
	if !ok {
		return nil
	}
	path := f.path.with("route")
	list, isList := value.([]any)
	if !isList {
		return []routeExtension{readRoute(mapping(f.report, path, value))}
	}
	out := make([]routeExtension, len(list))
	for i, item := range list {
		out[i] = readRoute(mapping(f.report, path.item(i), item))
	}
	return out
}

func readRoute(f *fields) routeExtension {
	route := app.Route{
		Hosts:       readRouteHosts(f),
		Path:        readRoutePath(f),
		StripPrefix: f.boolean("strip_prefix"),
		H2C:         f.boolean("h2c"),
		MaxBody:     f.size("max_body"),
	}
	route.Port, _ = f.number("port", 1, 65535)
	timeouts := f.sub("timeouts")
	route.Timeouts.Dial = orZero(timeouts.duration("dial"))
	route.Timeouts.Response = orZero(timeouts.duration("response"))
	timeouts.done()
	if route.StripPrefix && route.Path == "" {
		f.report.add(f.path.with("strip_prefix"), "has nothing to strip", "name the path to strip, or remove it")
	}
	f.refuse(reservedRouteKeys())
	f.done()
	return routeExtension{route: route, path: f.path}
}

func readRouteHosts(f *fields) []string {
	hosts := f.texts("hosts")
	if one := f.text("host"); one != "" {
		hosts = append(hosts, one)
	}
	out := make([]string, 0, len(hosts))
	for i, host := range hosts {
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		if problem := hostNameProblem(host); problem != "" {
			path := f.path.with("hosts")
			if _, isList := f.values["hosts"].([]any); isList && i < len(hosts) {
				path = path.item(i)
			} else if _, ok := f.values["hosts"]; !ok {
				path = f.path.with("host")
			}
			f.report.add(path, problem, `write a name such as "shop.example.com", or "*" for every name that no other route has`)
			continue
		}
		out = append(out, host)
	}
	return out
}

// hostNameProblem says what is wrong with a route's host name; empty where nothing is.
func hostNameProblem(host string) string {
	switch {
	case host == "*":
		return ""
	case strings.Contains(host, "://"):
		return "must be a host name, not a URL"
	case strings.Contains(host, "/"):
		return "must be a host name without a path"
	case strings.Contains(host, ":"):
		return "must be a host name without a port"
	case strings.Contains(host, "*"):
		return `"*" stands alone: names with a "*" inside are not supported`
	case host == "" || len(host) > 253:
		return "must be a host name"
	}
	for _, label := range strings.Split(host, ".") {
		if !validLabel(label) {
			return "is not a valid host name: " + strconv.Quote(host)
		}
	}
	return ""
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range label {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// readRoutePath is the prefix without a slash at its end; empty for the root.
func readRoutePath(f *fields) string {
	path := f.text("path")
	if path == "" {
		return ""
	}
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#* ") || strings.Contains(path, "//") {
		f.report.add(f.path.with("path"), "must be a path prefix, not "+describe(path), `write it as in "/api"; it matches whole segments`)
		return ""
	}
	return strings.TrimRight(path, "/")
}

func readHealth(f *fields) healthExtension {
	h := healthExtension{
		path:      f.text("path"),
		within:    f.duration("within"),
		stableFor: f.duration("stable_for"),
		interval:  f.duration("interval"),
		timeout:   f.duration("timeout"),
	}
	h.port, _ = f.number("port", 1, 65535)
	if h.path != "" && !strings.HasPrefix(h.path, "/") {
		f.report.add(f.path.with("path"), "must begin with a slash", "")
	}
	for _, positive := range []struct {
		key   string
		value *time.Duration
	}{{"within", h.within}, {"interval", h.interval}, {"timeout", h.timeout}} {
		if positive.value != nil && *positive.value == 0 {
			f.report.add(f.path.with(positive.key), "must be more than 0", "")
		}
	}
	f.done()
	return h
}

// spec fills in the defaults: the port is the first route's.
func (h healthExtension) spec(routes []app.Route) app.Health {
	out := app.Health{
		Path:      h.path,
		Port:      h.port,
		Within:    orDefault(h.within, DefaultHealthWithin),
		StableFor: orDefault(h.stableFor, DefaultHealthStableFor),
		Interval:  orDefault(h.interval, DefaultHealthInterval),
		Timeout:   orDefault(h.timeout, DefaultHealthTimeout),
	}
	if out.Port == 0 && len(routes) > 0 {
		out.Port = routes[0].Port
	}
	return out
}

func orZero(d *time.Duration) time.Duration { return orDefault(d, 0) }

func orDefault(d *time.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return *d
}
