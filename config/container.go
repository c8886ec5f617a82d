package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-dev/longshore/internal/app"
)

// container translates what each container of a service is created with.
func (t *translator) container(s types.ServiceConfig, path keyPath, oneShot bool) app.Container {
	t.checkLabels(s.Labels, path.with("labels"))
	return app.Container{
		Image:       s.Image,
		Platform:    platform(s),
		Command:     s.Command,
		Entrypoint:  entrypoint(s.Entrypoint),
		Env:         environment(s.Environment),
		User:        s.User,
		WorkingDir:  s.WorkingDir,
		Hostname:    s.Hostname,
		Domainname:  s.DomainName,
		MacAddress:  s.MacAddress,
		Labels:      s.Labels,
		Annotations: s.Annotations,
		TTY:         s.Tty,
		StdinOpen:   s.StdinOpen,
		StopSignal:  s.StopSignal,
		StopGrace:   t.stopGrace(s, path.with("stop_grace_period")),
		Healthcheck: healthcheck(s.HealthCheck),
		Restart:     t.restart(s, path, oneShot),
		Init:        s.Init,
		Logging:     logging(s.Logging),
		FixedName:   s.ContainerName,

		Mounts:      t.mounts(s, path.with("volumes")),
		Files:       t.files(s, path.with("configs")),
		Tmpfs:       s.Tmpfs,
		VolumesFrom: volumesFrom(s.VolumesFrom),
		ReadOnly:    s.ReadOnly,

		NetworkMode: s.NetworkMode,
		Networks:    attachments(s),
		Ports:       ports(s.Ports),
		Expose:      t.expose(s, path.with("expose")),
		ExtraHosts:  slices.Sorted(slices.Values(s.ExtraHosts.AsList(":"))),
		DNS:         s.DNS,
		DNSSearch:   s.DNSSearch,
		DNSOptions:  s.DNSOpts,

		Privileged:        s.Privileged,
		CapAdd:            s.CapAdd,
		CapDrop:           s.CapDrop,
		SecurityOpt:       s.SecurityOpt,
		GroupAdd:          s.GroupAdd,
		Pid:               s.Pid,
		Ipc:               s.Ipc,
		Uts:               s.Uts,
		UsernsMode:        s.UserNSMode,
		CgroupnsMode:      s.Cgroup,
		CgroupParent:      s.CgroupParent,
		Runtime:           s.Runtime,
		Isolation:         s.Isolation,
		Sysctls:           s.Sysctls,
		Ulimits:           ulimits(s.Ulimits),
		ShmSize:           int64(s.ShmSize),
		StorageOpt:        s.StorageOpt,
		Devices:           devices(s.Devices),
		DeviceCgroupRules: s.DeviceCgroupRules,
		DeviceRequests:    deviceRequests(s),
		Resources:         t.resources(s, path),
		OomScoreAdj:       int(s.OomScoreAdj),
		OomKillDisable:    trueOrNil(s.OomKillDisable),
	}
}

// entrypoint writes the cleared one as the engine's own word for it, a single empty text, which survives every
// encoding; an empty list may not.
func entrypoint(command types.ShellCommand) []string {
	if command != nil && len(command) == 0 {
		return []string{""}
	}
	return command
}

// environment is sorted. A name without a value removes the image's.
func environment(values types.MappingWithEquals) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if value := values[name]; value != nil {
			out = append(out, name+"="+*value)
		} else {
			out = append(out, name)
		}
	}
	return out
}

func (t *translator) stopGrace(s types.ServiceConfig, path keyPath) time.Duration {
	if s.StopGracePeriod == nil {
		return 0
	}
	d := time.Duration(*s.StopGracePeriod)
	if d < time.Second || d%time.Second != 0 {
		t.add(path, "must be whole seconds, at least one", `such as "10s": the engine knows nothing finer`)
	}
	return d
}

func healthcheck(h *types.HealthCheckConfig) *app.Healthcheck {
	if h == nil {
		return nil
	}
	if h.Disable {
		return &app.Healthcheck{Test: []string{"NONE"}}
	}
	out := &app.Healthcheck{
		Test:          h.Test,
		Interval:      duration(h.Interval),
		Timeout:       duration(h.Timeout),
		StartPeriod:   duration(h.StartPeriod),
		StartInterval: duration(h.StartInterval),
	}
	if h.Retries != nil {
		out.Retries = int(*h.Retries)
	}
	return out
}

func duration(d *types.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

func logging(l *types.LoggingConfig) *app.Logging {
	if l == nil {
		return nil
	}
	return &app.Logging{Driver: l.Driver, Options: l.Options}
}

// restart reads restart, or deploy.restart_policy in its place. Services run until they are told not to; one that
// others wait for runs once.
func (t *translator) restart(s types.ServiceConfig, path keyPath, oneShot bool) app.Restart {
	out := app.Restart{Name: types.RestartPolicyUnlessStopped}
	if oneShot {
		out.Name = types.RestartPolicyNo
	}
	at := path.with("restart")
	switch {
	case s.Restart != "":
		out = t.parseRestart(s.Restart, at)
	case s.Deploy != nil && s.Deploy.RestartPolicy != nil:
		at = path.with("deploy", "restart_policy")
		out = t.deployRestart(*s.Deploy.RestartPolicy, at)
	}
	if oneShot && (out.Name == types.RestartPolicyAlways || out.Name == types.RestartPolicyUnlessStopped) {
		t.add(at, "another service waits for this one to end, and it never would", `use "no" or on-failure`)
	}
	return out
}

func (t *translator) parseRestart(text string, path keyPath) app.Restart {
	name, count, counted := strings.Cut(text, ":")
	known := []string{
		types.RestartPolicyNo, types.RestartPolicyAlways, types.RestartPolicyOnFailure, types.RestartPolicyUnlessStopped,
	}
	if !slices.Contains(known, name) {
		t.add(path, "must be one of "+strings.Join(known, ", "), didYouMean(name, known))
		return app.Restart{}
	}
	if !counted {
		return app.Restart{Name: name}
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || name != types.RestartPolicyOnFailure {
		t.add(path, "only on-failure takes a number, such as on-failure:3", "")
	}
	return app.Restart{Name: name, MaxRetry: n}
}

// deployRestart translates the words of deploy.restart_policy.
func (t *translator) deployRestart(p types.RestartPolicy, path keyPath) app.Restart {
	out := app.Restart{}
	switch p.Condition {
	case "none":
		out.Name = types.RestartPolicyNo
	case "on-failure":
		out.Name = types.RestartPolicyOnFailure
	case "any", "":
		out.Name = types.RestartPolicyAlways
	default:
		t.add(path.with("condition"), "must be one of none, on-failure, any", "")
	}
	if p.MaxAttempts != nil && *p.MaxAttempts > 0 {
		if out.Name != types.RestartPolicyOnFailure {
			t.add(path.with("max_attempts"), "the engine counts attempts only with the condition on-failure", "")
			return out
		}
		out.MaxRetry = int(*p.MaxAttempts)
	}
	return out
}

func ports(in []types.ServicePortConfig) []app.Port {
	var out []app.Port
	for _, p := range in {
		out = append(out, app.Port{HostIP: p.HostIP, Published: p.Published, Target: int(p.Target), Protocol: p.Protocol})
	}
	return out
}

// expose spells ranges out and adds the protocol.
func (t *translator) expose(s types.ServiceConfig, path keyPath) []string {
	var out []string
	for i, text := range s.Expose {
		number, protocol, ok := strings.Cut(text, "/")
		if !ok {
			protocol = "tcp"
		}
		from, to, isRange := strings.Cut(number, "-")
		if !isRange {
			to = from
		}
		low, lowErr := strconv.Atoi(from)
		high, highErr := strconv.Atoi(to)
		if lowErr != nil || highErr != nil || low < 1 || high > 65535 || low > high ||
			!slices.Contains([]string{"tcp", "udp", "sctp"}, protocol) {
			t.add(path.item(i), fmt.Sprintf("must be a port, a range or port/protocol, not %q", text), "")
			continue
		}
		for port := low; port <= high; port++ {
			out = append(out, strconv.Itoa(port)+"/"+protocol)
		}
	}
	return out
}

// attachments are ordered as the engine must join them. Services of a network find each other by name.
func attachments(s types.ServiceConfig) []app.Attachment {
	if s.NetworkMode != "" {
		return nil
	}
	names := s.NetworksByPriority()
	if len(names) == 0 {
		names = []string{app.DefaultNetwork}
	}
	var out []app.Attachment
	for _, name := range names {
		n := s.Networks[name]
		a := app.Attachment{Network: name}
		if n.ServiceNameAliasEnabled() {
			a.Aliases = []string{s.Name}
		}
		if n != nil {
			for _, alias := range n.Aliases {
				if !slices.Contains(a.Aliases, alias) {
					a.Aliases = append(a.Aliases, alias)
				}
			}
			a.IPv4, a.IPv6, a.LinkLocalIPs = n.Ipv4Address, n.Ipv6Address, n.LinkLocalIPs
			a.MacAddress, a.DriverOpts = n.MacAddress, n.DriverOpts
			a.Priority, a.GatewayPriority = n.Priority, n.GatewayPriority
		}
		out = append(out, a)
	}
	return out
}

// volumesFrom takes away compose's mark for a container outside the project, which the engine does not know.
func volumesFrom(in []string) []string {
	var out []string
	for _, from := range in {
		out = append(out, strings.TrimPrefix(from, types.ContainerPrefix))
	}
	return out
}

// checkLabels refuses what only Longshore may say: its labels decide what it owns.
func (t *translator) checkLabels(labels types.Labels, path keyPath) {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if strings.HasPrefix(name, "dev.longshore.") {
			t.add(path.with(name), "labels that begin with dev.longshore. are Longshore's own", "choose another name")
		}
	}
}

func trueOrNil(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}
