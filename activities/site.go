package activities

import (
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// RememberInput asks what a host knows of a site.
type RememberInput struct {
	Host app.Host `json:"host"`
	Site app.Site `json:"site"`
}

// Remembered is what a host knows of a site whose workflow has lost its history, or never had one.
type Remembered struct {
	Current string      `json:"current,omitempty"` // release id
	Fence   int64       `json:"fence,omitempty"`
	Freeze  *app.Freeze `json:"freeze,omitempty"`
	// Behind are the hosts that the current release left behind.
	Behind []string `json:"behind,omitempty"`
}

// Remember reads what a host knows of a site. It changes nothing, and is soon over for a host that is down.
var Remember = Step[RememberInput, Remembered]{
	Name:     "Remember",
	Policy:   Policy{Attempt: 10 * time.Second, Total: 12 * time.Second, Attempts: 2},
	Describe: func(in RememberInput) (string, string) { return in.Host.Name, "remember the site" },
}

// KeepFreezeInput is a site's freeze to keep on a host.
type KeepFreezeInput struct {
	Host app.Host `json:"host"`
	Site app.Site `json:"site"`
	// Freeze is nil to end it.
	Freeze *app.Freeze `json:"freeze,omitempty"`
}

// KeepFreeze writes a site's freeze to a host, so that it outlasts the engine's database. It asks for no fence: it
// changes nothing that a run works on.
var KeepFreeze = Step[KeepFreezeInput, Nothing]{
	Name:     "KeepFreeze",
	Policy:   Policy{Attempt: 15 * time.Second, Total: 20 * time.Second, Attempts: 2},
	Describe: func(in KeepFreezeInput) (string, string) { return in.Host.Name, "keep the freeze" },
}

// RejoinInput names a run.
type RejoinInput struct {
	WorkflowID string   `json:"workflow_id"`
	Site       app.Site `json:"site"`
}

// Rejoin waits for a run that goes on by itself, the newest of its workflow id, and answers its result, whatever its
// outcome. It is how a site comes back to a run that was reset, or begun before the site's own workflow was.
var Rejoin = Step[RejoinInput, app.Result]{
	Name:     "Rejoin",
	Policy:   Policy{Attempt: 24 * time.Hour, Total: 72 * time.Hour},
	Describe: func(in RejoinInput) (string, string) { return "", "wait for " + in.WorkflowID },
}

// MaxOpenRuns bounds one answer of OpenRuns.
const MaxOpenRuns = 100

// OpenRunsInput names a site.
type OpenRunsInput struct {
	Site app.Site `json:"site"`
	// Doubtful are workflow ids of runs that should never have begun: those that have are answered too, ended or not.
	Doubtful []string `json:"doubtful,omitempty"`
}

// OpenRuns answers the workflow ids of the site's runs that are under way, oldest first, at most MaxOpenRuns of them;
// before them, those of the doubtful that have ended.
var OpenRuns = Step[OpenRunsInput, []string]{
	Name:     "OpenRuns",
	Policy:   Look,
	Describe: func(OpenRunsInput) (string, string) { return "", "look for runs under way" },
}

// StopSiteInput asks for the end of a site's containers on a host.
type StopSiteInput struct {
	Target
	// Stopped is what the host remembers: true for a stop on purpose.
	Stopped bool `json:"stopped"`
}

// MarkStopped writes to a host whether the site is stopped on purpose.
var MarkStopped = Step[StopSiteInput, Nothing]{
	Name:   "MarkStopped",
	Policy: Change,
	Describe: func(in StopSiteInput) (string, string) {
		if in.Stopped {
			return in.Host.Name, "record that the site is stopped"
		}
		return in.Host.Name, "record that the site runs"
	},
}

// EraseInput asks for the end of a site on a host.
type EraseInput struct {
	Target
	// Volumes has the site's volumes removed as well, with what is in them.
	Volumes bool `json:"volumes,omitempty"`
}

// Erase removes a site's containers, networks, images and records from a host, found by label; its volumes only where
// asked. The fence stays: it keeps refusing what is stale. External networks and volumes are never touched.
var Erase = Step[EraseInput, Nothing]{
	Name:     "Erase",
	Policy:   Change,
	Describe: func(in EraseInput) (string, string) { return in.Host.Name, "remove the site" },
}
