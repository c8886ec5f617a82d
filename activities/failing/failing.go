// Package failing turns what goes wrong on a host into the contract's typed failures. It must not know which activity
// calls it.
package failing

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/host"
)

// With makes an activity's error of a failure.
func With(f app.Failure, cause error) error { return activities.Fail(f, cause) }

// On classes an error of work on a host; nil stays nil, and what is classed already or a cancellation stays as it is.
// What was said around a classed error is dropped: the engine knows an error's class by its outermost type alone.
func On(h app.Host, err error) error {
	var classed *temporal.ApplicationError
	switch {
	case errors.As(err, &classed):
		return classed
	case err == nil || errors.Is(err, context.Canceled):
		return err
	}
	kind, advice := classOf(err)
	return activities.Fail(app.Failure{Kind: kind, Host: h.Name, Message: err.Error(), Advice: advice}, nil)
}

// classOf is an error's kind, and what to do about it.
func classOf(err error) (kind, advice string) {
	var conflict *edge.ConflictError
	switch {
	case errors.Is(err, host.ErrInvalid), errors.Is(err, host.ErrSettings), errors.Is(err, edge.ErrInvalid):
		return app.KindSpec, ""
	case errors.Is(err, host.ErrSecret):
		return app.KindSecret, "See that hosts.*.identity_secret names a private key without a passphrase: longshore secret set NAME < the key's file."
	case errors.Is(err, host.ErrRights):
		return app.KindRefused, "Let the login use sudo without a password, or own the host's state folder."
	case errors.Is(err, host.ErrHostKey):
		return app.KindHostKey, "If the host is new, deploy once with --accept-new-host-keys. If its key has changed, find out why before you remove the old key from known_hosts."
	case errors.Is(err, host.ErrRefused):
		return app.KindRefused, "Check the user, and that the host knows a key of the agent (ssh-add -l), or that of hosts.*.identity_file or identity_secret."
	case errors.Is(err, host.ErrUnreachable):
		return app.KindUnreachable, "Check the address and that the host is up: ssh to it by hand."
	case errors.Is(err, host.ErrNoDocker):
		return app.KindNoDocker, "Run longshore bootstrap, which installs Docker and hardens the host (as root, or as a user with sudo). Or install and start Docker by hand, and let the user of the login use it."
	case errors.Is(err, host.ErrPortTaken):
		return app.KindPort, "Stop what has the port, or publish another."
	case errors.Is(err, host.ErrDiskFull):
		return app.KindDisk, "Free some space, for example with docker system prune."
	case errors.Is(err, edge.ErrFenced):
		return app.KindFenced, "A newer run changes this site: look at it with longshore watch."
	case errors.As(err, &conflict):
		return app.KindRoute, "Give this site another host name or path."
	default:
		return app.KindInternal, ""
	}
}
