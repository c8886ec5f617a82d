package docker

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"

	"github.com/longshore-dev/longshore/internal/app"
)

// ContainerInspect implements host.Engine.
func (e *Engine) ContainerInspect(ctx context.Context, id string) (app.ContainerState, error) {
	var out app.ContainerState
	err := e.call(ctx, quick, "inspect container "+id, func(ctx context.Context, cli *client.Client) error {
		found, err := cli.ContainerInspect(ctx, id)
		if err != nil {
			return err
		}
		out = containerState(found)
		return nil
	})
	return out, err
}

func containerState(found container.InspectResponse) app.ContainerState {
	var out app.ContainerState
	if base := found.ContainerJSONBase; base != nil {
		out.ID = base.ID
		out.Name = strings.TrimPrefix(base.Name, "/")
		out.ImageID = base.Image
		out.Restarts = base.RestartCount
		out.Created = parseTime(base.Created)
		if state := base.State; state != nil {
			out.Status = state.Status
			out.ExitCode = state.ExitCode
			out.Error = state.Error
			out.OOM = state.OOMKilled
			out.PID = state.Pid
			out.StartedAt = parseTime(state.StartedAt)
			out.FinishedAt = parseTime(state.FinishedAt)
			if state.Health != nil && state.Health.Status != container.NoHealthcheck {
				out.Health = state.Health.Status
			}
		}
	}
	if found.Config != nil {
		out.Image = found.Config.Image
		out.Labels = found.Config.Labels
	}
	if settings := found.NetworkSettings; settings != nil {
		for name, endpoint := range settings.Networks {
			address := addressOf(endpoint)
			if address == "" {
				continue
			}
			if out.Addresses == nil {
				out.Addresses = map[string]string{}
			}
			out.Addresses[name] = address
		}
		out.Ports = publishedPorts(settings.Ports)
	}
	return out
}

// addressOf is where a container is found in a network, or will be found when it starts: one that waits for its next
// restart has let its address go, and takes it again. Empty for none.
func addressOf(endpoint *network.EndpointSettings) string {
	switch {
	case endpoint == nil:
		return ""
	case endpoint.IPAddress == "" && endpoint.IPAMConfig != nil:
		return endpoint.IPAMConfig.IPv4Address
	}
	return endpoint.IPAddress
}

// publishedPorts are those that the engine has bound, so none unless the container runs.
func publishedPorts(bindings nat.PortMap) []app.Port {
	var out []app.Port
	for port, bound := range bindings {
		for _, b := range bound {
			out = append(out, app.Port{
				HostIP: b.HostIP, Published: b.HostPort, Target: port.Int(), Protocol: port.Proto(),
			})
		}
	}
	slices.SortFunc(out, func(a, b app.Port) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.HostIP, b.HostIP), cmp.Compare(a.Published, b.Published))
	})
	return out
}
