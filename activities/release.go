package activities

import "github.com/longshore-dev/longshore/internal/app"

// RecordInput is a release to record on a host as current.
type RecordInput struct {
	Target
	Release app.Release `json:"release"`
}

// Record writes a release's record on a host and makes it the current one.
var Record = Step[RecordInput, Nothing]{
	Name:     "Record",
	Policy:   Change,
	Describe: func(in RecordInput) (string, string) { return in.Host.Name, "record " + in.Release.ID },
}

// PruneInput asks for the end of old releases.
type PruneInput struct {
	Target
	// Keep is how many releases stay, the current one included.
	Keep int `json:"keep"`
}

// Prune removes a site's releases beyond Keep: their records and images. What is not the site's is never touched.
var Prune = Step[PruneInput, Nothing]{
	Name:     "Prune",
	Policy:   Change,
	Describe: func(in PruneInput) (string, string) { return in.Host.Name, "prune old releases" },
}

// CleanInput names a release that failed.
type CleanInput struct {
	Target
	Release string `json:"release"`
}

// Clean removes every container and image tag of a release that never served, found by label.
var Clean = Step[CleanInput, Nothing]{
	Name:     "Clean",
	Policy:   Undo,
	Describe: func(in CleanInput) (string, string) { return in.Host.Name, "remove what is left of " + in.Release },
}
