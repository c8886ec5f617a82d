package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-dev/longshore/internal/app"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// checkRoute looks for what a route lacks, once all files are merged.
func (t *translator) checkRoute(e routeExtension) {
	if e.route.Port == 0 && !t.has(e.path.with("port")) {
		t.add(e.path, "the route has no port", "say which port of the container answers: port: 3000")
	}
	if len(e.route.Hosts) == 0 && !t.has(e.path.with("hosts")) && !t.has(e.path.with("host")) {
		t.add(e.path, "the route has no hosts", `say which names it answers to: hosts: [shop.example.com], or ["*"] for every name`)
	}
}

// checkRoutes finds routes that no request could tell apart.
func (t *translator) checkRoutes(services []app.Service) {
	taken := map[string]string{}
	for _, s := range services {
		for i, route := range s.Routes {
			path := keyPath{"services", s.Name, extensionKey, "route"}
			if len(s.Routes) > 1 {
				path = path.item(i)
			}
			for _, host := range route.Hosts {
				address := host + route.Path + "/"
				if other, ok := taken[address]; ok {
					t.add(path, fmt.Sprintf("%s is routed already, by the service %s", address, other),
						"give the two different hosts or paths")
					continue
				}
				taken[address] = s.Name
			}
		}
	}
}

// checkService looks for settings that do not go together.
func (t *translator) checkService(s types.ServiceConfig, out app.Service, e extension) {
	path := keyPath{"services", s.Name}
	extension := path.with(extensionKey)
	t.checkPullPolicy(s, path.with("pull_policy"))
	if out.Routed() {
		t.checkRouted(s, out, path)
	} else {
		if e.drain != nil {
			t.add(extension.with("drain"), "the service has no route, and no requests to drain", "give it a route, or remove it")
		}
		if out.Health.Path != "" && out.Health.Port == 0 {
			t.add(extension.with("health", "path"), "the port to ask is not known", "add health.port")
		}
		t.checkPlain(s, out, path)
	}
	if e.transfer != "" && out.Build != nil {
		t.add(extension.with("transfer"), "an image that is built is always transferred", "remove it")
	}
	if out.OneShot && out.Replicas > 1 {
		t.add(t.replicasPath(path), "another service waits for this one to end; it runs once", "remove it")
	}
}

// checkRouted refuses what would keep two releases from running side by side.
func (t *translator) checkRouted(s types.ServiceConfig, out app.Service, path keyPath) {
	const beside = "two releases of a routed service run side by side"
	switch {
	case s.ContainerName != "":
		t.add(path.with("container_name"), "not possible with a route: "+beside, "remove it")
	case len(s.Ports) > 0:
		t.add(path.with("ports"), "not possible with a route: "+beside, "remove it: the edge reaches the container itself")
	case s.NetworkMode != "":
		t.add(path.with("network_mode"), "not possible with a route: "+beside+", each with an address of its own", "remove it")
	default:
		if key := keyPath(out.Container.Exclusive()); key != nil {
			t.add(path.with(key...), "not possible with a route: "+beside, "remove it")
		}
	}
	if out.Replicas < 1 {
		t.add(t.replicasPath(path), "a routed service needs at least one replica", "")
	}
	if out.OneShot {
		t.add(path.with(extensionKey, "route"), "another service waits for this one to end, and a routed service never does", "")
	}
	if s.Deploy != nil && s.Deploy.UpdateConfig != nil && s.Deploy.UpdateConfig.Order == app.StopFirst {
		t.add(path.with("deploy", "update_config", "order"), "a routed service is always started first", "remove it")
	}
}

// checkPlain refuses two containers at once of a service that has something only one can have.
func (t *translator) checkPlain(s types.ServiceConfig, out app.Service, path keyPath) {
	key := keyPath(out.Container.Exclusive())
	if key == nil {
		return
	}
	if out.Replicas > 1 && !t.has(path) {
		t.add(path.with(key...), fmt.Sprintf("only one of the %d replicas can have it", out.Replicas), "run one replica, or remove it")
	}
	if out.Order == app.StartFirst {
		t.add(path.with("deploy", "update_config", "order"), "start-first is not possible with "+key.String(), "use stop-first")
	}
}

// checkPullPolicy refuses a policy that contradicts where the image comes from.
func (t *translator) checkPullPolicy(s types.ServiceConfig, path keyPath) {
	switch {
	case s.PullPolicy == "":
	case s.Build == nil && s.PullPolicy == types.PullPolicyBuild:
		t.add(path, "there is no build", "add build, or remove it")
	case s.Build != nil && s.PullPolicy != types.PullPolicyBuild:
		t.add(path, "the image is built, and never pulled", "remove it, or remove build")
	}
}

// replicasPath is the key that says how many replicas there are.
func (t *translator) replicasPath(path keyPath) keyPath {
	if t.sources.has(path.with("scale")) {
		return path.with("scale")
	}
	return path.with("deploy", "replicas")
}
