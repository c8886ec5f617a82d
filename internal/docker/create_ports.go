package docker

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"

	"github.com/longshore-dev/longshore/internal/app"
)

// ports answers what the container exposes, every published port included, and what of it the host publishes.
func ports(expose []string, published []app.Port) (nat.PortSet, nat.PortMap, error) {
	if len(expose) == 0 && len(published) == 0 {
		return nil, nil, nil
	}
	exposed := nat.PortSet{}
	for _, entry := range expose {
		number, protocol, _ := strings.Cut(entry, "/")
		if protocol == "" {
			protocol = "tcp"
		}
		first, last, err := nat.ParsePortRange(number)
		if err != nil {
			return nil, nil, fmt.Errorf("exposed port %q: %w", entry, err)
		}
		for n := first; n <= last; n++ {
			exposed[nat.Port(strconv.FormatUint(n, 10)+"/"+protocol)] = struct{}{}
		}
	}
	if len(published) == 0 {
		return exposed, nil, nil
	}
	bindings := nat.PortMap{}
	for _, p := range published {
		if p.Target < 1 || p.Target > 65535 {
			return nil, nil, fmt.Errorf("published port %q: the container's port %d is not between 1 and 65535", p.Published, p.Target)
		}
		protocol := p.Protocol
		if protocol == "" {
			protocol = "tcp"
		}
		port := nat.Port(strconv.Itoa(p.Target) + "/" + protocol)
		exposed[port] = struct{}{}
		bindings[port] = append(bindings[port], nat.PortBinding{HostIP: p.HostIP, HostPort: p.Published})
	}
	return exposed, bindings, nil
}
