package app

// The kinds of failure. Each is also the type of the Temporal application error that carries a Failure of it.
const (
	KindSpec         = "bad-spec"
	KindUnreachable  = "unreachable"
	KindRefused      = "login-refused"
	KindHostKey      = "host-key"
	KindNoDocker     = "no-docker"
	KindEngine       = "engine-too-old"
	KindDisk         = "disk-full"
	KindArchitecture = "wrong-architecture"
	KindPort         = "port-taken"
	KindRoute        = "route-conflict"
	KindMissing      = "missing"
	KindBuild        = "build-failed"
	KindPull         = "pull-failed"
	KindRegistry     = "registry-denied"
	KindRelease      = "release-command-failed"
	KindExited       = "container-exited"
	KindUnhealthy    = "unhealthy"
	KindFenced       = "fenced"   // a newer run owns the site
	KindUnproven     = "unproven" // after the switch, another release answered
	KindInternal     = "internal" // none of the above: the message says what
)

// Permanent says whether a retry of the same step cannot mend a failure of the kind.
func Permanent(kind string) bool {
	switch kind {
	case KindUnreachable, KindNoDocker, KindInternal, KindPull:
		return false
	}
	return true
}
