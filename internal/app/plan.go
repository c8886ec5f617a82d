package app

// Plan is what a deploy will do, decided before anything is done. It is printable and is kept in the run's history.
type Plan struct {
	Site     string `json:"site"`
	Release  string `json:"release"`  // the new release's id
	Number   int    `json:"number"`   // the new release's number
	Previous string `json:"previous"` // the release that serves now; empty on a first deploy
	// Unchanged says that every host already runs what is asked for.
	Unchanged bool       `json:"unchanged,omitempty"`
	Builds    []string   `json:"builds,omitempty"` // services whose image is built
	Hosts     []HostPlan `json:"hosts"`
	// ReleaseCommands run once, on the first host, after stage ReleaseAfter of it.
	ReleaseCommands []ReleaseCommand `json:"release_commands,omitempty"`
	ReleaseAfter    int              `json:"release_after,omitempty"`
}

// HostPlan is one host's part of a plan.
type HostPlan struct {
	Host     string          `json:"host"`
	Networks []NetworkPlan   `json:"networks,omitempty"`
	Volumes  []VolumePlan    `json:"volumes,omitempty"`
	Changes  []ServiceChange `json:"changes"` // sorted by stage, then service
	// Table is the edge's next table; upstreams are filled in once addresses are known.
	Table *EdgeTable `json:"table,omitempty"`
}

// Action is what happens to a service on a host.
type Action string

// The actions of a plan.
const (
	Create  Action = "create"
	Replace Action = "replace"
	Keep    Action = "keep"
	Refresh Action = "refresh" // the containers stay, and get new versions of secrets
	Remove  Action = "remove"
)

// ServiceChange is what happens to one service on one host.
type ServiceChange struct {
	Service string `json:"service"`
	Action  Action `json:"action"`
	// Reason says why, for a person: "image changes", "environment changes", "not running".
	Reason string `json:"reason,omitempty"`
	Routed bool   `json:"routed,omitempty"`
	Stage  int    `json:"stage"`
	Order  string `json:"order,omitempty"`
	// Start are the containers to make, and Old the names of those they take over from.
	Start []ContainerPlan `json:"start,omitempty"`
	Old   []string        `json:"old,omitempty"`
}

// ContainerPlan is one container to make. What it is made with is the service's Container in the spec.
type ContainerPlan struct {
	Name    string `json:"name"`
	Replica int    `json:"replica"`
	// Slot is the container's fixed place in the site's network; 0 for none.
	Slot int `json:"slot,omitempty"`
}

// NetworkPlan is a network that has to be there.
type NetworkPlan struct {
	Key      string `json:"key"`
	Name     string `json:"name"`
	External bool   `json:"external,omitempty"`
	Exists   bool   `json:"exists,omitempty"`
}

// VolumePlan is a volume that has to be there.
type VolumePlan struct {
	Key      string `json:"key"`
	Name     string `json:"name"`
	External bool   `json:"external,omitempty"`
	Exists   bool   `json:"exists,omitempty"`
}

// ReleaseCommand is a service's command run before any switch.
type ReleaseCommand struct {
	Service string   `json:"service"`
	Command []string `json:"command"`
	Name    string   `json:"name"` // of its container
}
