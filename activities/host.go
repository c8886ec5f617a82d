package activities

import "github.com/longshore-dev/longshore/internal/app"

// ObserveInput asks what a host has of a site.
type ObserveInput struct {
	Host app.Host `json:"host"`
	Site app.Site `json:"site"`
	// ImageRefs are references to look up on the host.
	ImageRefs []string `json:"image_refs,omitempty"`
	// ExternalNetworks and ExternalVolumes are real names to look up.
	ExternalNetworks []string `json:"external_networks,omitempty"`
	ExternalVolumes  []string `json:"external_volumes,omitempty"`
}

// Observe reads a host and changes nothing.
var Observe = Step[ObserveInput, app.Observed]{
	Name:     "Observe",
	Policy:   Look,
	Describe: func(in ObserveInput) (string, string) { return in.Host.Name, "observe" },
}

// TakeFenceInput asks for the right to change a site on a host.
type TakeFenceInput struct {
	Host  app.Host `json:"host"`
	Site  app.Site `json:"site"`
	RunID string   `json:"run_id"`
	// AtLeast is the number that the site's own count asks for; the host's may be higher. 0 leaves it to the host.
	AtLeast int64 `json:"at_least,omitempty"`
}

// TakeFence makes the run the owner of the site on the host: every step of an earlier run is refused there from then
// on. Taken again by the same run, it answers the same number.
var TakeFence = Step[TakeFenceInput, app.Fence]{
	Name:     "TakeFence",
	Policy:   Change,
	Describe: func(in TakeFenceInput) (string, string) { return in.Host.Name, "take the site's fence" },
}
