package app

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// Release is an immutable record of one deploy, kept on every host it runs on.
type Release struct {
	ID     string `json:"id"` // "42-a1b2c3d"
	Number int    `json:"number"`
	Spec   Spec   `json:"spec"`
	// Images are what each service runs, by service name.
	Images map[string]Image `json:"images"`
	// Configs are the hashes of each service's container, by service name.
	Configs map[string]string `json:"configs"`
	At      time.Time         `json:"at"`
	By      string            `json:"by"`
	Why     string            `json:"why,omitempty"`
	RunID   string            `json:"run_id"`
	// OriginalRunID is that of the run which RunID is a reset of, or RunID itself.
	OriginalRunID string `json:"original_run_id,omitempty"`
	Fence         int64  `json:"fence"`
	// Kind is the kind of run that made it; empty means RunDeploy.
	Kind RunKind `json:"kind,omitempty"`
	// Of is the release whose spec and images it repeats, for a rollback, a restart and their like; empty for one from
	// files. It names the origin: a rollback to a rollback names what that one repeats.
	Of string `json:"of,omitempty"`
	// Behind are the hosts of the spec that did not get it, where that was allowed.
	Behind []string `json:"behind,omitempty"`
}

// Origin is the release that first had this one's spec and images.
func (r Release) Origin() string { return cmp.Or(r.Of, r.ID) }

// ReleaseMark is what became of a release. It is kept beside the record, which never changes.
type ReleaseMark struct {
	// Stable says that its run came to its end, the watch after the switch included.
	Stable bool `json:"stable,omitempty"`
	// Returned says that the traffic was taken from it again, because it was unwell or by a rollback.
	Returned bool      `json:"returned,omitempty"`
	Why      string    `json:"why,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

// GoodToReturnTo says whether a rollback that names no release may choose it.
func (m ReleaseMark) GoodToReturnTo() bool { return m.Stable && !m.Returned }

// ReleaseID names a release by number and source.
func ReleaseID(number int, source string) string { return strconv.Itoa(number) + "-" + source }

// ReleaseNumber reads the number from a release's id; 0 where there is none.
func ReleaseNumber(id string) int {
	text, _, _ := strings.Cut(id, "-")
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Fence is the right to change a site on a host. A host refuses a lower number than it has recorded, and of two runs
// with the same number (a run and its reset) the one that came first.
type Fence struct {
	Number int64  `json:"number"`
	RunID  string `json:"run_id"`
	// Before is the number that the host had until the run took its own.
	Before int64 `json:"before,omitempty"`
}
