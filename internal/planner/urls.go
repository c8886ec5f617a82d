package planner

import (
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// RouteURLs are where a route is served on a host.
func RouteURLs(h app.Host, r app.Route) []string {
	var out []string
	for _, name := range r.Hosts {
		if name == "*" {
			name = hostName(h)
		}
		if port := h.Edge.HTTPPort(); port != 80 {
			name += ":" + strconv.Itoa(port)
		}
		out = append(out, "http://"+name+"/"+strings.TrimPrefix(r.Path, "/"))
	}
	return out
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
