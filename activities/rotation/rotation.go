// Package rotation implements the activities that a rotation of a secret has beside those of the store and of credentials:
// who uses the secret, and a run of a site that brings it to another version. It must not know how versions are made, nor
// what a site's run does.
package rotation

import (
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/host"
)

// Activities are bound to the hosts that a worker can reach and to the engine it works for. They may run concurrently.
type Activities struct {
	Hosts  host.Opener
	Client client.Client
}

// Register binds the activities to their names.
func (a Activities) Register(r activities.Registry) {
	activities.FindConsumers.Register(r, a.FindConsumers)
	activities.RotateSite.Register(r, a.RotateSite)
}
