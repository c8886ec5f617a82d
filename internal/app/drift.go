package app

// DriftKind says in which way something on a host differs from the host's record.
type DriftKind string

// The kinds of drift.
const (
	DriftMissing   DriftKind = "missing"   // fewer containers than recorded
	DriftStopped   DriftKind = "stopped"   // a container that should run does not
	DriftUnhealthy DriftKind = "unhealthy" // a container that Docker's own check finds unwell
	DriftChanged   DriftKind = "changed"   // a container that was not made from the recorded configuration
	DriftImage     DriftKind = "image"     // a container of another image
	DriftExtra     DriftKind = "extra"     // a container that the record does not know
	DriftRoutes    DriftKind = "routes"    // the edge leads elsewhere than recorded, or nowhere
	DriftRunning   DriftKind = "running"   // the site was stopped on purpose, and something of it runs or gets traffic
)

// Drift is one way in which a host differs from its record.
type Drift struct {
	Kind DriftKind `json:"kind"`
	// Service is the compose service; empty where it is the site as a whole.
	Service string `json:"service,omitempty"`
	// Container is the container's name; empty where it is none in particular.
	Container string `json:"container,omitempty"`
	// Detail says what was found, for a person.
	Detail string `json:"detail"`
}
