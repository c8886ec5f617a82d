package planner

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// minimumFree is the disk space below which nothing is tried: Docker itself fails in odd ways with less.
const minimumFree = 64 << 20

// minimumAPI is the Docker Engine API of 20.10, the oldest engine that Longshore is tested with.
const minimumAPI = "1.41"

// Preflight finds what would make a plan fail, before anything is changed. It answers every problem of every host.
func Preflight(spec app.Spec, plan app.Plan, observed []app.Observed) []app.Failure {
	var out []app.Failure
	for i, h := range spec.Hosts {
		o := observedOn(observed, h.Name)
		host := plan.Hosts[i]
		out = append(out, checkEngine(h, o)...)
		out = append(out, checkPorts(spec, h, host, o)...)
		out = append(out, checkRoutes(spec, h, o)...)
		out = append(out, checkExternal(h, host)...)
		out = append(out, checkSlots(h, host)...)
	}
	return out
}

func failure(kind string, h app.Host, service, message, advice string) app.Failure {
	return app.Failure{Kind: kind, Step: "preflight", Host: h.Name, Service: service, Message: message, Advice: advice}
}

func checkEngine(h app.Host, o app.Observed) []app.Failure {
	var out []app.Failure
	if o.Engine.OS != "" && o.Engine.OS != "linux" {
		out = append(out, failure(app.KindEngine, h, "", "its Docker engine runs "+o.Engine.OS+" containers", "use a host whose engine runs Linux containers"))
	}
	if olderAPI(o.Engine.APIVersion, minimumAPI) {
		out = append(out, failure(app.KindEngine, h, "", "its Docker engine "+o.Engine.Version+" is too old", "upgrade Docker to 20.10 or newer"))
	}
	if o.FreeBytes < minimumFree {
		out = append(out, failure(app.KindDisk, h, "", fmt.Sprintf("only %d MiB are free where Docker keeps its data (%s)", o.FreeBytes>>20, o.Engine.RootDir),
			"free some space, for example with docker system prune, and deploy again"))
	}
	return out
}

// olderAPI compares versions of the form "1.41".
func olderAPI(have, want string) bool {
	haveMinor, errHave := strconv.Atoi(strings.TrimPrefix(have, "1."))
	wantMinor, errWant := strconv.Atoi(strings.TrimPrefix(want, "1."))
	return errHave == nil && errWant == nil && haveMinor < wantMinor
}

// checkPorts finds published ports, the edge's among them, that something else on the host has.
func checkPorts(spec app.Spec, h app.Host, plan app.HostPlan, o app.Observed) []app.Failure {
	var out []app.Failure
	if plan.Table != nil && o.Edge == nil {
		port := h.Edge.HTTPPort()
		if owner, taken := portOwner(o, app.Port{Target: port, Published: strconv.Itoa(port)}, nil); taken {
			out = append(out, failure(app.KindPort, h, "", fmt.Sprintf("the edge needs port %d, which %s has", port, owner),
				"stop what has it, or set another port with hosts."+h.Name+".edge.http"))
		}
	}
	for _, c := range plan.Changes {
		if c.Action != app.Create && c.Action != app.Replace {
			continue
		}
		for _, p := range spec.Service(c.Service).Container.Ports {
			if owner, taken := portOwner(o, p, o.Containers); taken {
				out = append(out, failure(app.KindPort, h, c.Service, fmt.Sprintf("services.%s.ports: port %s is already taken by %s", c.Service, p.Published, owner),
					"stop what has it, or publish another port"))
			}
		}
	}
	return out
}

// portOwner says who has a wanted port: another container, or an unknown process. Ports that the site's own containers
// publish (ours) are free to it, since those containers are stopped first.
func portOwner(o app.Observed, want app.Port, ours []app.ContainerState) (string, bool) {
	port, err := strconv.Atoi(want.Published)
	if err != nil {
		return "", false // none, or a range: the engine chooses
	}
	for _, p := range o.Published {
		if p.Port.Published == want.Published && protocol(p.Port) == protocol(want) && overlap(p.Port.HostIP, want.HostIP) {
			return "the container " + p.Container, true
		}
	}
	for _, c := range ours {
		for _, p := range c.Ports {
			if p.Published == want.Published && protocol(p) == protocol(want) {
				return "", false
			}
		}
	}
	if protocol(want) == "tcp" && slices.Contains(o.Listening, port) {
		return "another process", true
	}
	return "", false
}

func protocol(p app.Port) string {
	if p.Protocol == "" {
		return "tcp"
	}
	return p.Protocol
}

func overlap(a, b string) bool {
	wild := func(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" }
	return wild(a) || wild(b) || a == b
}

// checkRoutes finds routes that another site on the host already has.
func checkRoutes(spec app.Spec, h app.Host, o app.Observed) []app.Failure {
	if o.Edge == nil {
		return nil
	}
	owners := map[string]string{}
	for _, t := range o.Edge.Tables {
		if t.Site == spec.Site.String() {
			continue
		}
		for _, r := range t.Routes {
			for _, key := range routeKeys(r.Route) {
				owners[key] = t.Site
			}
		}
	}
	var out []app.Failure
	for _, s := range spec.Services {
		for _, r := range s.Routes {
			for _, key := range routeKeys(r) {
				if owner, ok := owners[key]; ok {
					out = append(out, failure(app.KindRoute, h, s.Name, fmt.Sprintf("services.%s.x-longshore.route: %s is already routed to the site %s", s.Name, key, owner),
						"give this site another host name or path"))
				}
			}
		}
	}
	return out
}

// routeKeys are the (host, path) pairs of a route, as one text each.
func routeKeys(r app.Route) []string {
	var out []string
	for _, host := range r.Hosts {
		out = append(out, strings.ToLower(host)+"/"+strings.Trim(r.Path, "/"))
	}
	return out
}

func checkExternal(h app.Host, plan app.HostPlan) []app.Failure {
	var out []app.Failure
	for _, n := range plan.Networks {
		if n.External && !n.Exists {
			out = append(out, failure(app.KindMissing, h, "", "networks."+n.Key+": the external network "+n.Name+" is not there", "create it with docker network create "+n.Name))
		}
	}
	for _, v := range plan.Volumes {
		if v.External && !v.Exists {
			out = append(out, failure(app.KindMissing, h, "", "volumes."+v.Key+": the external volume "+v.Name+" is not there", "create it with docker volume create "+v.Name))
		}
	}
	return out
}

// largestSlot is how many routed containers of one site fit beside each other in the /24 that a site's network gets.
const largestSlot = 126

func checkSlots(h app.Host, plan app.HostPlan) []app.Failure {
	for _, c := range plan.Changes {
		for _, s := range c.Start {
			if s.Slot > largestSlot {
				return []app.Failure{failure(app.KindSpec, h, c.Service, fmt.Sprintf("more than %d routed containers would run side by side on one host", largestSlot), "lower deploy.replicas, or use more hosts")}
			}
		}
	}
	return nil
}

// CheckImage says why a host cannot run an image; nil where it can.
func CheckImage(h app.Host, o app.Observed, service string, image app.Image) *app.Failure {
	if image.Architecture == "" || o.Engine.Architecture == "" || image.Architecture == o.Engine.Architecture {
		return nil
	}
	f := failure(app.KindArchitecture, h, service, fmt.Sprintf("the image of %s is for %s, the host is %s", service, image.Architecture, o.Engine.Architecture),
		"set services."+service+".platform (or build.platforms) to linux/"+o.Engine.Architecture)
	f.Step = "check image"
	return &f
}
