// Package inspect is what the CLI asks of hosts without a workflow: the words between `longshore` and the program that
// may dial hosts, `longshore-worker read <op>`. It is types only and must not know how a host is reached or shown.
//
// The CLI starts the program, writes one Request as JSON to its standard input and closes it. The program answers on
// standard output with one JSON object a line, one line a host, as soon as each host has answered; OpLogs writes log
// bytes to standard output instead. A host that cannot be read is a line with Problem, and the program still exits 0.
// It exits 2 when it does not understand the request, and 1 when nothing could be done at all, with a message for a
// person on standard error.
package inspect

import (
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// Op is what to read; it is also the argument of `longshore-worker read`.
type Op string

// The reads. None changes a host, but for OpCheck with AcceptNewHostKeys, which writes the user's known hosts.
const (
	OpPs       Op = "ps"
	OpStatus   Op = "status"
	OpLogs     Op = "logs"
	OpReleases Op = "releases"
	OpCheck    Op = "check"
)

// Request is what to read, from where.
type Request struct {
	Op    Op         `json:"op"`
	Site  app.Site   `json:"site"`
	Hosts []app.Host `json:"hosts"`
	// AcceptNewHostKeys accepts and records the key of a host that is not known yet; a changed key is refused all the same.
	AcceptNewHostKeys bool `json:"accept_new_host_keys,omitempty"`
	// Timeout bounds the answer of each host, in nanoseconds; 0 means the program's own bound. OpLogs with Follow has none.
	Timeout time.Duration `json:"timeout,omitempty"`
	Logs    LogOptions    `json:"logs,omitzero"`
}

// LogOptions choose what OpLogs writes. Lines of more than one container begin with "host service.replica | ".
type LogOptions struct {
	// Services are the services to read; empty means all.
	Services []string `json:"services,omitempty"`
	Follow   bool     `json:"follow,omitempty"`
	// Tail is how many lines of each container to begin with; negative means all.
	Tail int `json:"tail"`
	// Since leaves out older lines; zero means no bound.
	Since      time.Time `json:"since,omitzero"`
	Timestamps bool      `json:"timestamps,omitempty"`
}

// Problem is why a host could not be read, or a check did not pass, for a person.
type Problem struct {
	// Kind is one of the contract's error types, such as "unreachable".
	Kind    string `json:"kind,omitempty"`
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"`
}

// PsResponse is one host's containers of the site, running or not, sorted by service and replica.
type PsResponse struct {
	Host       string      `json:"host"`
	Problem    *Problem    `json:"problem,omitempty"`
	Containers []Container `json:"containers"`
}

// Container is one container of the site.
type Container struct {
	Name    string `json:"name"`
	Service string `json:"service"`
	Release string `json:"release"`
	Replica int    `json:"replica,omitempty"`
	Image   string `json:"image"`
	// Status is Docker's: created, running, paused, restarting, removing, exited or dead.
	Status    string     `json:"status"`
	Health    string     `json:"health,omitempty"` // "", starting, healthy, unhealthy
	ExitCode  int        `json:"exit_code,omitempty"`
	Restarts  int        `json:"restarts,omitempty"`
	StartedAt time.Time  `json:"started_at,omitzero"`
	Ports     []app.Port `json:"ports,omitempty"`
}

// StatusResponse is how a host serves the site.
type StatusResponse struct {
	Host    string   `json:"host"`
	Problem *Problem `json:"problem,omitempty"`
	// Release is the host's current release; empty where the site was never deployed to it.
	Release  string          `json:"release,omitempty"`
	At       time.Time       `json:"at,omitzero"`
	By       string          `json:"by,omitempty"`
	Services []ServiceStatus `json:"services"` // sorted by name
	// Edge is the version of the host's edge; empty where none answers.
	Edge string   `json:"edge,omitempty"`
	URLs []string `json:"urls,omitempty"`
	// InFlight are the requests that the edge has under way for the site, over all its releases.
	InFlight int64 `json:"in_flight,omitempty"`
	// Kind is the kind of run that made Release, and Of the release that it repeats; empty for one from files.
	Kind app.RunKind `json:"kind,omitempty"`
	Of   string      `json:"of,omitempty"`
	// Stable says that Release has come through its watch. One that has not is being watched, or its run broke off.
	Stable bool `json:"stable,omitempty"`
	// Drift is how the host differs from Release; empty where it does not.
	Drift []app.Drift `json:"drift,omitempty"`
	// Stopped says that the site was stopped on purpose.
	Stopped bool `json:"stopped,omitempty"`
	// Freeze is the site's freeze as the host keeps it, in force or run out; nil for none.
	Freeze *app.Freeze `json:"freeze,omitempty"`
	// Behind are the hosts that Release left as they were.
	Behind []string `json:"behind,omitempty"`
	// Bootstrap is what the host's last bootstrap or check found; nil where there was none.
	Bootstrap *app.BootstrapReport `json:"bootstrap,omitempty"`
}

// ServiceStatus counts one service's replicas in the current release.
type ServiceStatus struct {
	Service string `json:"service"`
	Routed  bool   `json:"routed,omitempty"`
	Wanted  int    `json:"wanted"`
	Running int    `json:"running"`
	Healthy int    `json:"healthy"` // running, and not unhealthy or starting by Docker's own check
}

// ReleasesResponse is the releases that a host keeps of the site, newest first.
type ReleasesResponse struct {
	Host     string    `json:"host"`
	Problem  *Problem  `json:"problem,omitempty"`
	Releases []Release `json:"releases"`
}

// Release is the record of one run in short.
type Release struct {
	ID      string    `json:"id"`
	Number  int       `json:"number"`
	Current bool      `json:"current,omitempty"`
	SHA     string    `json:"sha,omitempty"`
	Subject string    `json:"subject,omitempty"`
	At      time.Time `json:"at,omitzero"`
	By      string    `json:"by,omitempty"`
	Why     string    `json:"why,omitempty"`
	// Kind is the kind of run that made it, and Of the release that it repeats; empty for one from files.
	Kind app.RunKind `json:"kind,omitempty"`
	Of   string      `json:"of,omitempty"`
	// Outcome is what became of it.
	Outcome ReleaseOutcome `json:"outcome"`
	// Returned says why the traffic was taken from it again, where it was.
	Returned string `json:"returned,omitempty"`
	// Stable says that it came through its watch, so that a rollback that names no release may choose it unless its
	// outcome is Returned.
	Stable bool `json:"stable,omitempty"`
	// Reachable says that the host can run it again: its images are there, or a registry has them by digest. Gone names
	// the others, by service.
	Reachable bool              `json:"reachable"`
	Gone      map[string]string `json:"gone,omitempty"`
	// Behind are the hosts that did not get it.
	Behind []string `json:"behind,omitempty"`
	// Secrets are the versions that it pins, by name.
	Secrets map[string]string `json:"secrets,omitempty"`
}

// ReleaseOutcome is what became of a release on a host.
type ReleaseOutcome string

// The outcomes of a recorded release. Runs that failed before they served have none: they leave no record.
const (
	ReleaseSucceeded ReleaseOutcome = "succeeded"
	ReleaseReturned  ReleaseOutcome = "returned" // the traffic was taken from it again, by its watch or by a rollback
	// ReleaseUnsettled served, and its run has not come to its end: it is being watched, or it broke off.
	ReleaseUnsettled ReleaseOutcome = "unsettled"
)

// CheckResponse is what is well and what is not on a host. Site may be zero for OpCheck.
type CheckResponse struct {
	Host    string   `json:"host"`
	Problem *Problem `json:"problem,omitempty"` // the host could not be checked at all
	Checks  []Check  `json:"checks"`            // in the order they were made
}

// Level is how a check went.
type Level string

// The levels of a check.
const (
	OK   Level = "ok"
	Warn Level = "warn"
	Fail Level = "fail"
)

// Check is one thing looked at: "login", "docker", "disk", "edge".
type Check struct {
	Name   string `json:"name"`
	Level  Level  `json:"level"`
	Detail string `json:"detail,omitempty"`
	Advice string `json:"advice,omitempty"`
}
