package config

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-dev/longshore/internal/app"
)

// translator turns a compose project into the services, networks and volumes of a spec, and reports what does not fit.
type translator struct {
	*report
	project *types.Project
	sources *sources
	written map[string]map[string]string // see compose.written
	environ map[string]string
	// remote is a host of the site that is not this machine; empty where there is none.
	remote string
	// shifts are what the services say of how a new release takes over, by name.
	shifts map[string]shiftExtension
	// secrets are those that the services translated so far want.
	secrets wantedSecrets
	// fileBytes is how much content of configs the spec holds so far.
	fileBytes int
}

func newTranslator(c *compose, remote string, entries map[string]secretEntry) *translator {
	return &translator{
		report:  &report{place: c.sources.place},
		project: c.project,
		sources: c.sources,
		written: c.written,
		shifts:  map[string]shiftExtension{},
		environ: c.project.Environment,
		remote:  remote,
		secrets: wantedSecrets{entries: entries, found: map[string]wantedSecret{}},
	}
}

// services are sorted by name.
func (t *translator) services() []app.Service {
	awaited := t.awaited()
	out := make([]app.Service, 0, len(t.project.Services))
	for _, name := range slices.Sorted(maps.Keys(t.project.Services)) {
		out = append(out, t.service(t.project.Services[name], awaited[name]))
	}
	t.checkRoutes(out)
	return out
}

// awaited are the services that another waits for to end.
func (t *translator) awaited() map[string]bool {
	out := map[string]bool{}
	for _, s := range t.project.Services {
		for name, dependency := range s.DependsOn {
			if dependency.Condition == types.ServiceConditionCompletedSuccessfully {
				out[name] = true
			}
		}
	}
	return out
}

func (t *translator) service(s types.ServiceConfig, oneShot bool) app.Service {
	path := keyPath{"services", s.Name}
	e := readExtension(t.report, path.with(extensionKey), stringKeys(s.Extensions[extensionKey]))
	out := app.Service{
		Name:       s.Name,
		Build:      t.build(s, path.with("build")),
		Platform:   platform(s),
		Push:       e.transfer == transferPush,
		PullPolicy: s.PullPolicy,
		Container:  t.container(s, path, oneShot),
		Replicas:   s.GetScale(),
		DependsOn:  t.dependencies(s),
		Release:    e.release,
		OneShot:    oneShot,
		Watch:      t.watch(s, oneShot),
	}
	t.shifts[s.Name] = e.shift
	out.Container.Secrets = t.secretsOf(s, e, path)
	t.checkSecretTargets(s, out.Container, path)
	if e.onChange != nil && e.onChange.Action != app.OnChangeRestart {
		out.OnChange = *e.onChange
	}
	t.checkOnChange(e, out, path.with(extensionKey, "on_change"))
	for _, route := range e.routes {
		t.checkRoute(route)
		out.Routes = append(out.Routes, route.route)
	}
	out.Health = e.health.spec(out.Routes)
	if out.Routed() {
		out.Drain = orDefault(e.drain, DefaultDrain)
	}
	if out.Build != nil {
		out.Container.Image = "" // the image is named after the release
	}
	out.Order = t.order(s, out)
	t.checkService(s, out, e)
	return out
}

// platform is the service's, or the only one that its image is built for.
func platform(s types.ServiceConfig) string {
	if s.Platform == "" && s.Build != nil && len(s.Build.Platforms) == 1 {
		return s.Build.Platforms[0]
	}
	return s.Platform
}

// dependencies leaves out those that no profile turned on: compose lets only optional ones be missing.
func (t *translator) dependencies(s types.ServiceConfig) []app.Dependency {
	var out []app.Dependency
	for _, name := range slices.Sorted(maps.Keys(s.DependsOn)) {
		if _, ok := t.project.Services[name]; !ok {
			continue
		}
		d := s.DependsOn[name]
		condition := d.Condition
		if condition == "" {
			condition = app.ConditionStarted
		}
		out = append(out, app.Dependency{Service: name, Condition: condition, Restart: d.Restart, Required: d.Required})
	}
	return out
}

// order is what the file says, else the one that is safe: two containers may not share a volume's data or a port.
func (t *translator) order(s types.ServiceConfig, out app.Service) string {
	if out.Routed() {
		return ""
	}
	if s.Deploy != nil && s.Deploy.UpdateConfig != nil && s.Deploy.UpdateConfig.Order != "" {
		return s.Deploy.UpdateConfig.Order
	}
	c := out.Container
	holdsData := slices.ContainsFunc(c.Mounts, func(m app.Mount) bool { return m.Type == "volume" || m.Type == "bind" })
	if holdsData || len(c.VolumesFrom) > 0 || c.Exclusive() != nil || len(c.Ports) > 0 {
		return app.StopFirst
	}
	return app.StartFirst
}

// networks are those that services join, sorted by name, and the site's own where a routed service needs it.
func (t *translator) networks(services []app.Service) []app.Network {
	used := map[string]bool{}
	for _, s := range services {
		if s.Routed() {
			used[app.DefaultNetwork] = true
		}
		for _, n := range s.Container.Networks {
			used[n.Network] = true
		}
	}
	var out []app.Network
	for _, name := range slices.Sorted(maps.Keys(used)) {
		out = append(out, t.network(name, t.project.Networks[name]))
	}
	if defined, ok := t.project.Networks[app.DefaultNetwork]; ok && bool(defined.External) && slices.ContainsFunc(services, app.Service.Routed) {
		t.add(keyPath{"networks", app.DefaultNetwork, "external"}, "a routed service needs the site's own default network",
			"give the external network another name, and join the services to it")
	}
	return out
}

func (t *translator) network(name string, n types.NetworkConfig) app.Network {
	if n.External {
		return app.Network{Name: name, External: n.Name}
	}
	t.checkLabels(n.Labels, keyPath{"networks", name, "labels"})
	out := app.Network{
		Name:       name,
		Driver:     n.Driver,
		DriverOpts: n.DriverOpts,
		Internal:   n.Internal,
		Attachable: n.Attachable,
		EnableIPv6: n.EnableIPv6 != nil && *n.EnableIPv6,
		Labels:     n.Labels,
	}
	out.Subnets = t.subnets(n.Ipam.Config, keyPath{"networks", name, "ipam", "config"})
	// A routed service's fixed address is counted from the first subnet of the site's own network.
	if name == app.DefaultNetwork && len(out.Subnets) > 0 && !isIPv4(out.Subnets[0].CIDR) {
		t.add(keyPath{"networks", name, "ipam", "config", "[0]", "subnet"}, "the first subnet of the default network must be an IPv4 one", "")
	}
	return out
}

func (t *translator) subnets(pools []*types.IPAMPool, path keyPath) []app.Subnet {
	var out []app.Subnet
	for i, pool := range pools {
		if pool == nil || pool.Subnet == "" {
			t.add(path.item(i), "names no subnet", "add subnet, such as 172.28.0.0/16")
			continue
		}
		if _, err := netip.ParsePrefix(pool.Subnet); err != nil {
			t.add(path.item(i).with("subnet"), "must be an address and the length of its prefix, not "+strconv.Quote(pool.Subnet), "such as 172.28.0.0/16")
			continue
		}
		out = append(out, app.Subnet{
			CIDR: pool.Subnet, Gateway: pool.Gateway, Range: pool.IPRange, Aux: pool.AuxiliaryAddresses,
		})
	}
	return out
}

func isIPv4(cidr string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	return err == nil && prefix.Addr().Is4()
}

// volumes are the named ones that services mount, sorted by name.
func (t *translator) volumes(services []app.Service) []app.Volume {
	used := map[string]bool{}
	for _, s := range services {
		for _, m := range s.Container.Mounts {
			if m.Type == types.VolumeTypeVolume && m.Source != "" {
				used[m.Source] = true
			}
		}
	}
	var out []app.Volume
	for _, name := range slices.Sorted(maps.Keys(used)) {
		v := t.project.Volumes[name]
		if v.External {
			out = append(out, app.Volume{Name: name, External: v.Name})
			continue
		}
		t.checkLabels(v.Labels, keyPath{"volumes", name, "labels"})
		volume := app.Volume{Name: name, Driver: v.Driver, DriverOpts: v.DriverOpts, Labels: v.Labels}
		if t.sources.has(keyPath{"volumes", name, "name"}) {
			volume.CustomName = v.Name
		}
		out = append(out, volume)
	}
	return out
}
