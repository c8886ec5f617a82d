package activities

import (
	"strconv"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// EnsureEdgeInput asks for a host's edge.
type EnsureEdgeInput struct {
	Host app.Host `json:"host"`
}

// EnsureEdge has the worker's version of the edge run on a host. An older one hands over without losing a request.
var EnsureEdge = Step[EnsureEdgeInput, Nothing]{
	Name:     "EnsureEdge",
	Policy:   Change,
	Describe: func(in EnsureEdgeInput) (string, string) { return in.Host.Name, "ensure the edge" },
}

// LookAtEdge says whether the worker's version of the edge runs on a host, and changes nothing.
var LookAtEdge = Step[EnsureEdgeInput, app.Item]{
	Name:     "LookAtEdge",
	Policy:   Look,
	Describe: func(in EnsureEdgeInput) (string, string) { return in.Host.Name, "look at the edge" },
}

// SwitchInput is a site's next table on a host.
type SwitchInput struct {
	Target
	Table app.EdgeTable `json:"table"`
	// Containers are what the table's upstreams belong to: they must run, or nothing is switched.
	Containers []string `json:"containers,omitempty"`
}

// Switch puts a table in a host's edge, in one atomic swap. A table without routes takes the site out of the edge.
var Switch = Step[SwitchInput, Nothing]{
	Name:   "Switch",
	Policy: Change,
	Describe: func(in SwitchInput) (string, string) {
		if len(in.Table.Routes) == 0 {
			return in.Host.Name, "take the site out of the edge"
		}
		if c := in.Table.Canary; c != nil {
			return in.Host.Name, "send " + strconv.Itoa(c.Weight) + "% to " + c.Release
		}
		return in.Host.Name, "switch to " + in.Table.Release
	},
}

// SwitchBack is Switch to the table that was there before, as compensation.
var SwitchBack = Step[SwitchInput, Nothing]{
	Name:   "SwitchBack",
	Policy: Undo,
	Describe: func(in SwitchInput) (string, string) {
		if in.Table.Release == "" {
			return in.Host.Name, "take the routes back"
		}
		return in.Host.Name, "switch back to " + in.Table.Release
	},
}

// ProveInput asks who answers a site's routes on a host.
type ProveInput struct {
	Target
	Table app.EdgeTable `json:"table"`
}

// Prove sends a request for each route through the edge and fails unless the table's release answers it. A host or an
// edge that cannot be asked, as in a reboot, is asked again for as long as after any other change: going back then would
// fail as well.
var Prove = Step[ProveInput, Nothing]{
	Name:   "Prove",
	Policy: Change,
	Describe: func(in ProveInput) (string, string) {
		return in.Host.Name, "prove that " + in.Table.Release + " answers"
	},
}

// DrainInput names a release that gets no new requests.
type DrainInput struct {
	Target
	Release string `json:"release"`
	// Until is when waiting ends though requests are in flight, at most Drain from now.
	Until time.Time     `json:"until"`
	Drain time.Duration `json:"drain"`
}

// Drain waits until the edge has no request of a release in flight, or the time is over. It answers how many were cut.
var Drain = Step[DrainInput, int64]{
	Name:     "Drain",
	Policy:   Change,
	Describe: func(in DrainInput) (string, string) { return in.Host.Name, "drain " + in.Release },
	Takes:    func(in DrainInput) time.Duration { return in.Drain },
}
