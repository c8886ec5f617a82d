package workflows

import (
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// urls are where the release is served.
func (d *deploy) urls() []string {
	var out []string
	for _, h := range d.hosts {
		if h.plan.Table == nil {
			continue
		}
		for _, r := range h.plan.Table.Routes {
			for _, name := range r.Route.Hosts {
				out = appendNew(out, routeURL(h.host, name, r.Route.Path))
			}
		}
	}
	return out
}

func routeURL(h app.Host, name, path string) string {
	if name == "*" {
		name = hostName(h)
	}
	if port := h.Edge.HTTPPort(); port != 80 {
		name += ":" + strconv.Itoa(port)
	}
	if path == "" {
		path = "/"
	}
	return "http://" + name + path
}

// hostName is the name or address in a host's SSH address.
func hostName(h app.Host) string {
	if h.Local() {
		return "localhost"
	}
	name := h.Address
	if _, after, ok := strings.Cut(name, "@"); ok {
		name = after
	}
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "]") {
		name = name[:i]
	}
	return name
}

func appendNew(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}
