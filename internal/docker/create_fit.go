package docker

import (
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
)

// The API versions that brought what a request may hold.
const (
	annotationsAPI     = "1.43"
	severalNetworksAPI = "1.44"
	endpointMacAPI     = "1.44"
	volumeSubpathAPI   = "1.45"
	gatewayPriorityAPI = "1.48"
	imageMountAPI      = "1.48"
)

// fitCreate turns the newest form of a create request into that of an older API, and refuses what an older engine would
// leave out in silence.
func fitCreate(api string, c *container.Config, h *container.HostConfig, n *network.NetworkingConfig) error {
	if len(h.Annotations) > 0 {
		if err := needs(api, annotationsAPI, "annotations"); err != nil {
			return err
		}
	}
	for _, m := range h.Mounts {
		if m.VolumeOptions != nil && m.VolumeOptions.Subpath != "" {
			if err := needs(api, volumeSubpathAPI, "mount at "+m.Target+": subpath"); err != nil {
				return err
			}
		}
		if m.Type == mount.TypeImage {
			if err := needs(api, imageMountAPI, "mount at "+m.Target+": type image"); err != nil {
				return err
			}
		}
	}
	if n == nil {
		return nil
	}
	if first := n.EndpointsConfig[string(h.NetworkMode)]; first != nil && versions.LessThan(api, endpointMacAPI) {
		//lint:ignore SA1019 the only place that an older API has for it
		c.MacAddress, first.MacAddress = first.MacAddress, ""
	}
	return fitEndpoints(api, n)
}

// fitEndpoints refuses what an older engine has no room for in an endpoint.
func fitEndpoints(api string, n *network.NetworkingConfig) error {
	for name, settings := range n.EndpointsConfig {
		if settings.GwPriority != 0 {
			if err := needs(api, gatewayPriorityAPI, "network "+name+": gateway priority"); err != nil {
				return err
			}
		}
		if settings.MacAddress != "" {
			if err := needs(api, endpointMacAPI, "network "+name+": a MAC address, unless in the first network,"); err != nil {
				return err
			}
		}
	}
	return nil
}

func needs(api, version, what string) error {
	if versions.LessThan(api, version) {
		return invalid{fmt.Errorf("%s needs Docker API %s, and the engine speaks %s: upgrade Docker on the host", what, version, api)}
	}
	return nil
}
