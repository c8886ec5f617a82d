package app

// Outcome is how a run ended.
type Outcome string

// The outcomes of a run.
const (
	Succeeded   Outcome = "succeeded"
	Unchanged   Outcome = "unchanged"
	FailedClean Outcome = "failed-clean" // the old release serves, nothing is left over
	FailedDirty Outcome = "failed-dirty" // something is left; Failure says what and what to do
	Cancelled   Outcome = "cancelled"    // clean
	Refused     Outcome = "refused"      // nothing was tried: frozen, rejected or denied
	Superseded  Outcome = "superseded"   // nothing was tried: a newer request of its kind took its place in the queue
	// Partial is a run that was allowed to leave hosts behind, and did: the new release serves on all others. The site's
	// workflow finishes the rest when they come back.
	Partial Outcome = "partial"
)

// Result is what a run answers.
type Result struct {
	Outcome    Outcome      `json:"outcome"`
	Kind       RunKind      `json:"kind,omitempty"`
	Site       string       `json:"site"`
	Release    string       `json:"release,omitempty"`
	Previous   string       `json:"previous,omitempty"`
	DurationMS int64        `json:"duration_ms"`
	Hosts      []HostResult `json:"hosts,omitempty"`
	Transfer   Transferred  `json:"transfer"`
	// URLs are where the release is served.
	URLs    []string `json:"urls,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
	Plan    *Plan    `json:"plan,omitempty"`
	// Of is the recorded release that the run repeats, such as what a rollback went back to; empty for one from files.
	Of string `json:"of,omitempty"`
	// Returned says that the new release served, was found unwell, and the traffic went back to Previous.
	Returned bool `json:"returned,omitempty"`
	// Behind are the hosts that a partial run left as they were.
	Behind []string `json:"behind,omitempty"`
	// Fence is the highest fencing number that the run took.
	Fence int64 `json:"fence,omitempty"`
	// Notes are what a user should know though the run went well, such as a cancel that came too late.
	Notes []string `json:"notes,omitempty"`
}

// HostResult is one host's part of a result.
type HostResult struct {
	Host     string      `json:"host"`
	Release  string      `json:"release,omitempty"` // that serves there now
	Transfer Transferred `json:"transfer"`
}

// Transferred counts the bytes of images.
type Transferred struct {
	SentBytes  int64 `json:"sent_bytes"`
	ImageBytes int64 `json:"image_bytes"`
}

// Saved are the bytes of images that did not have to be sent.
func (t Transferred) Saved() int64 { return max(0, t.ImageBytes-t.SentBytes) }

// Add sums two counts.
func (t Transferred) Add(o Transferred) Transferred {
	return Transferred{SentBytes: t.SentBytes + o.SentBytes, ImageBytes: t.ImageBytes + o.ImageBytes}
}

// Failure is why a run did not succeed, for a person.
type Failure struct {
	// Kind is one of the error types of the contract, such as "unhealthy".
	Kind string `json:"kind"`
	Step string `json:"step"`
	Host string `json:"host,omitempty"`
	// Service is the compose service that failed; empty where none did.
	Service string `json:"service,omitempty"`
	Message string `json:"message"`
	// ExitCode is the container's or command's; meaningful only where Exited.
	ExitCode int      `json:"exit_code,omitempty"`
	Exited   bool     `json:"exited,omitempty"`
	Logs     []string `json:"logs,omitempty"` // the last lines of the container or build step that failed
	// Advice is what to do.
	Advice string `json:"advice,omitempty"`
	// Left names what could not be cleaned up (failed-dirty), "host: thing".
	Left []string `json:"left,omitempty"`
}
