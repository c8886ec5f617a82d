package docker

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/strslice"

	"github.com/longshore-dev/longshore/internal/app"
)

// CreateRequest translates a container into the newest form of the Docker API's create request. What belongs to the
// call instead (Platform, FixedName) is not in it. It fails for what the API has no form for, Files included: they must
// have been turned into mounts, and so must Secrets, or into variables.
func CreateRequest(c app.Container) (*container.Config, *container.HostConfig, *network.NetworkingConfig, error) {
	if len(c.Files) > 0 {
		return nil, nil, nil, fmt.Errorf("file %s has not been turned into a mount", c.Files[0].Target)
	}
	if len(c.Secrets) > 0 {
		return nil, nil, nil, fmt.Errorf("secret %s has not been turned into a mount or a variable", c.Secrets[0].Name)
	}
	exposed, bindings, err := ports(c.Expose, c.Ports)
	if err != nil {
		return nil, nil, nil, err
	}
	binds, mounts, err := translateMounts(c.Mounts)
	if err != nil {
		return nil, nil, nil, err
	}
	mode, networking, err := networks(c)
	if err != nil {
		return nil, nil, nil, err
	}
	resources, err := resources(c)
	if err != nil {
		return nil, nil, nil, err
	}

	config := &container.Config{
		Hostname:     c.Hostname,
		Domainname:   c.Domainname,
		User:         c.User,
		ExposedPorts: exposed,
		Tty:          c.TTY,
		OpenStdin:    c.StdinOpen,
		Env:          c.Env,
		Cmd:          strslice.StrSlice(c.Command),
		Healthcheck:  healthcheck(c.Healthcheck),
		Image:        c.Image,
		WorkingDir:   c.WorkingDir,
		Entrypoint:   strslice.StrSlice(c.Entrypoint),
		Labels:       c.Labels,
		StopSignal:   c.StopSignal,
	}
	if c.StopGrace > 0 {
		seconds := wholeSeconds(c.StopGrace)
		config.StopTimeout = &seconds
	}

	hostConfig := &container.HostConfig{
		Binds:          binds,
		Mounts:         mounts,
		Tmpfs:          tmpfs(c.Tmpfs),
		VolumesFrom:    c.VolumesFrom,
		NetworkMode:    mode,
		PortBindings:   bindings,
		RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyMode(c.Restart.Name), MaximumRetryCount: c.Restart.MaxRetry},
		Annotations:    c.Annotations,
		CapAdd:         c.CapAdd,
		CapDrop:        c.CapDrop,
		CgroupnsMode:   container.CgroupnsMode(c.CgroupnsMode),
		DNS:            c.DNS,
		DNSOptions:     c.DNSOptions,
		DNSSearch:      c.DNSSearch,
		ExtraHosts:     c.ExtraHosts,
		GroupAdd:       c.GroupAdd,
		IpcMode:        container.IpcMode(c.Ipc),
		OomScoreAdj:    c.OomScoreAdj,
		PidMode:        container.PidMode(c.Pid),
		Privileged:     c.Privileged,
		ReadonlyRootfs: c.ReadOnly,
		SecurityOpt:    c.SecurityOpt,
		StorageOpt:     c.StorageOpt,
		UTSMode:        container.UTSMode(c.Uts),
		UsernsMode:     container.UsernsMode(c.UsernsMode),
		ShmSize:        c.ShmSize,
		Sysctls:        c.Sysctls,
		Runtime:        c.Runtime,
		Isolation:      container.Isolation(c.Isolation),
		Resources:      resources,
		Init:           c.Init,
	}
	if c.Logging != nil {
		hostConfig.LogConfig = container.LogConfig{Type: c.Logging.Driver, Config: c.Logging.Options}
	}
	return config, hostConfig, networking, nil
}

// healthcheck keeps an empty Test nil: the engine then fills it in from the image, and keeps our other fields.
func healthcheck(h *app.Healthcheck) *container.HealthConfig {
	if h == nil {
		return nil
	}
	return &container.HealthConfig{
		Test:          h.Test,
		Interval:      h.Interval,
		Timeout:       h.Timeout,
		StartPeriod:   h.StartPeriod,
		StartInterval: h.StartInterval,
		Retries:       h.Retries,
	}
}

// networks answers the network mode and the endpoints, the mode being the network that is joined first.
func networks(c app.Container) (container.NetworkMode, *network.NetworkingConfig, error) {
	if c.NetworkMode != "" {
		if len(c.Networks) > 0 {
			return "", nil, fmt.Errorf("network mode %q leaves no room for networks", c.NetworkMode)
		}
		if c.MacAddress != "" {
			return "", nil, fmt.Errorf("network mode %q leaves no room for a MAC address", c.NetworkMode)
		}
		return container.NetworkMode(c.NetworkMode), nil, nil
	}
	attachments := byPriority(c.Networks)
	if len(attachments) == 0 {
		if c.MacAddress == "" {
			return "", nil, nil
		}
		attachments = []app.Attachment{{Network: network.NetworkBridge}}
	}
	if attachments[0].MacAddress == "" {
		attachments[0].MacAddress = c.MacAddress
	} else if c.MacAddress != "" && c.MacAddress != attachments[0].MacAddress {
		return "", nil, fmt.Errorf("the container's MAC address %s and that in network %s (%s) differ",
			c.MacAddress, attachments[0].Network, attachments[0].MacAddress)
	}
	endpoints := make(map[string]*network.EndpointSettings, len(attachments))
	for _, a := range attachments {
		if a.Network == "" {
			return "", nil, errors.New("a network without a name")
		}
		if endpoints[a.Network] != nil {
			return "", nil, fmt.Errorf("network %s is given twice", a.Network)
		}
		endpoints[a.Network] = endpoint(a)
	}
	return container.NetworkMode(attachments[0].Network), &network.NetworkingConfig{EndpointsConfig: endpoints}, nil
}

// byPriority orders the networks as the container joins them, by name among equals.
func byPriority(attachments []app.Attachment) []app.Attachment {
	sorted := slices.Clone(attachments)
	slices.SortStableFunc(sorted, func(a, b app.Attachment) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Network, b.Network))
	})
	return sorted
}

func endpoint(a app.Attachment) *network.EndpointSettings {
	settings := &network.EndpointSettings{
		Aliases:    a.Aliases,
		MacAddress: a.MacAddress,
		DriverOpts: a.DriverOpts,
		GwPriority: a.GatewayPriority,
	}
	if a.IPv4 != "" || a.IPv6 != "" || len(a.LinkLocalIPs) > 0 {
		settings.IPAMConfig = &network.EndpointIPAMConfig{
			IPv4Address:  a.IPv4,
			IPv6Address:  a.IPv6,
			LinkLocalIPs: a.LinkLocalIPs,
		}
	}
	return settings
}

func tmpfs(entries []string) map[string]string {
	if len(entries) == 0 {
		return nil
	}
	paths := make(map[string]string, len(entries))
	for _, entry := range entries {
		path, options, _ := strings.Cut(entry, ":")
		paths[path] = options
	}
	return paths
}

// wholeSeconds rounds up: the API counts in seconds, and no container may get less time than was asked for.
func wholeSeconds(d time.Duration) int {
	return int((d + time.Second - 1) / time.Second)
}
