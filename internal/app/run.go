package app

import "time"

// RunKind is what a run does to a site. It is also the name of the run's workflow type.
type RunKind string

// The kinds of runs. All but RunStop and RunRemove end with a release of their own, on the deploy's path; all but
// RunDeploy take what they need from the records on the hosts.
const (
	RunDeploy   RunKind = "deploy"   // a spec from the user's files
	RunRollback RunKind = "rollback" // an earlier release again
	RunRestart  RunKind = "restart"  // the current release in new containers
	RunScale    RunKind = "scale"    // the current release with other numbers of replicas
	RunStart    RunKind = "start"    // the current release after a stop
	RunRepair   RunKind = "repair"   // the current release wherever a host differs from its record
	RunRotate   RunKind = "rotate"   // the current release with other versions of secrets
	RunStop     RunKind = "stop"     // no traffic and no running container; everything is kept
	RunRemove   RunKind = "remove"   // nothing of the site, but its volumes unless they are asked for as well
)

// RunKinds are all kinds.
func RunKinds() []RunKind {
	return []RunKind{RunDeploy, RunRollback, RunRestart, RunScale, RunStart, RunRepair, RunRotate, RunStop, RunRemove}
}

// Freeze refuses runs of a site.
type Freeze struct {
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`
	// Until is when it ends by itself; zero for never.
	Until time.Time `json:"until,omitzero"`
}

// Holds says whether the freeze is in force. It may be nil.
func (f *Freeze) Holds(now time.Time) bool {
	return f != nil && (f.Until.IsZero() || now.Before(f.Until))
}
