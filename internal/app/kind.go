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
	KindFenced       = "fenced"             // a newer run owns the site
	KindUnproven     = "unproven"           // after the switch, another release answered
	KindFailing      = "failing-requests"   // too many requests to the new release failed
	KindPruned       = "release-gone"       // a recorded release that cannot be reached any more
	KindPackages     = "packages-failed"    // the host's package manager failed for good
	KindUnsupported  = "unsupported-system" // a host that cannot be bootstrapped
	KindLocked       = "locked-out"         // a change that would have cut the way to the host, and was undone
	KindFrozen       = "frozen"             // the site's freeze refuses runs
	KindRejected     = "rejected"           // a person said no, or nobody said yes in time
	KindQueueFull    = "queue-full"         // too many requests wait
	KindSecret       = "secret"             // a secret is missing, cannot be read, or is not what it should be
	KindCredential   = "credential"         // a database or a user's own step refuses what a rotation asks
	KindInternal     = "internal"           // none of the above: the message says what
)

// Permanent says whether a retry of the same step cannot mend a failure of the kind.
func Permanent(kind string) bool {
	switch kind {
	case KindUnreachable, KindNoDocker, KindInternal, KindPull:
		return false
	}
	return true
}
