package edgeimage

import (
	"path"
	"strconv"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
)

// statePath is the edge's state folder inside the container.
const statePath = "/state"

// stopGrace is longer than the edge's own grace for requests, so that it is never killed while it drains.
const stopGrace = 40 * time.Second

// Name is what the edge's container of one version is called. Two versions have two names: the new one takes over the
// port while the old one drains.
func Name(version string) string { return "longshore-edge-" + version }

// Container is what a host's edge is created with.
//
// With the host's network a new edge starts beside the old one, and both accept connections until the old one is
// stopped. On a bridge the published port belongs to one container at a time, and the caller attaches the edge to each
// site's network.
//
// The process is root, since the state folder and the socket in it are root's on the host, and has no capability but
// the one to bind a low port. The rest of its file system is one read-only binary.
func Container(h app.Host, image *Image) app.Container {
	port := strconv.Itoa(h.Edge.HTTPPort())
	c := app.Container{
		Image:       image.Ref,
		Command:     []string{"run", "--state", statePath, "--http", port},
		Labels:      labels(image.Version),
		Restart:     app.Restart{Name: "unless-stopped"},
		StopGrace:   stopGrace,
		ReadOnly:    true,
		CapDrop:     []string{"ALL"},
		CapAdd:      []string{"NET_BIND_SERVICE"},
		SecurityOpt: []string{"no-new-privileges"},
		Mounts: []app.Mount{{
			Type: "bind", Source: path.Join(h.StateFolder(), edge.StateDir), Target: statePath, CreateHostPath: true,
		}},
		Logging:     &app.Logging{Driver: "json-file", Options: map[string]string{"max-size": "20m", "max-file": "5"}},
		NetworkMode: app.EdgeHostNetwork,
	}
	if h.Edge.Mode == app.EdgeBridge {
		c.NetworkMode = ""
		c.Ports = []app.Port{{Published: port, Target: h.Edge.HTTPPort(), Protocol: "tcp"}}
	}
	return c
}
