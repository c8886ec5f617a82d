package activities

import (
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// RecordInput is a release to record on a host as current.
type RecordInput struct {
	Target
	Release app.Release `json:"release"`
	// Stable marks it as stable at once, where nothing watches it any further.
	Stable bool `json:"stable,omitempty"`
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

// MarkInput is what became of a release.
type MarkInput struct {
	Target
	Release string          `json:"release"`
	Mark    app.ReleaseMark `json:"mark"`
}

// Mark writes what became of a recorded release. One without a record on the host is left alone.
var Mark = Step[MarkInput, Nothing]{
	Name:   "Mark",
	Policy: Change,
	Describe: func(in MarkInput) (string, string) {
		if in.Mark.Returned {
			return in.Host.Name, "mark " + in.Release + " as returned from"
		}
		return in.Host.Name, "mark " + in.Release + " as stable"
	},
}

// ReturnInput names the release that a host's record goes back to.
type ReturnInput struct {
	Target
	// From is the release that was current, and To the one that was before it; empty where there was none.
	From string `json:"from"`
	To   string `json:"to,omitempty"`
	Why  string `json:"why,omitempty"`
}

// Return makes an earlier release the current one again in a host's records, and marks the one that was as returned
// from, where it has a record. Where From is not the current one, that stays as it is.
var Return = Step[ReturnInput, Nothing]{
	Name:   "Return",
	Policy: Undo,
	Describe: func(in ReturnInput) (string, string) {
		return in.Host.Name, "record that " + in.To + " is current again"
	},
}

// RecallInput asks for a release's record.
type RecallInput struct {
	Host app.Host `json:"host"`
	Site app.Site `json:"site"`
	// Release is the id, or its number alone; empty means the current one, or with Stable the newest that is good to return to and whose origin
	// is older than the current one's.
	Release string `json:"release,omitempty"`
	Stable  bool   `json:"stable,omitempty"`
}

// Recalled is what a host remembers of a site's releases.
type Recalled struct {
	// Release is the record asked for; nil where the host has none such.
	Release *app.Release `json:"release,omitempty"`
	// Gone names those of its images, by service, that the host lacks and that no registry has by digest.
	Gone map[string]string `json:"gone,omitempty"`
	// Current is the current release's id, empty for none, and CurrentAt when it was made.
	Current   string    `json:"current,omitempty"`
	CurrentAt time.Time `json:"current_at,omitzero"`
	// CurrentRun is the original id of the run that made the current release.
	CurrentRun string `json:"current_run,omitempty"`
	// Stopped says that the site was stopped on purpose.
	Stopped bool `json:"stopped,omitempty"`
	// Irreversible are the releases after Release, up to the current one, whose files say that what came before them cannot
	// serve again.
	Irreversible []string `json:"irreversible,omitempty"`
	// Reachable are the recorded releases whose images are all there, newest first.
	Reachable []string `json:"reachable,omitempty"`
}

// Recall reads a release's record from a host and whether the host can run it. It changes nothing.
var Recall = Step[RecallInput, Recalled]{
	Name:   "Recall",
	Policy: Look,
	Describe: func(in RecallInput) (string, string) {
		if in.Release != "" {
			return in.Host.Name, "recall " + in.Release
		}
		return in.Host.Name, "recall the release"
	},
}
