package bootstrap

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/bootstrap"
	"github.com/longshore-dev/longshore/internal/host"
)

// commandAttempts is how often a command that fails on a host is tried: one that fails while the host shuts down works
// afterwards, and one that fails each time needs a person.
const commandAttempts = 6

// failed classes what went wrong with an item. What only a person can mend is not tried again.
func failed(ctx context.Context, at app.Host, item string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	attempt := int32(1)
	if activity.IsActivity(ctx) {
		attempt = activity.GetInfo(ctx).Attempt
	}
	kind, advice := classOf(err, attempt)
	if kind == "" {
		return failing.On(at, fmt.Errorf("%s: %w", item, err))
	}
	return failing.With(app.Failure{Kind: kind, Host: at.Name, Message: fmt.Sprintf("%s: %v", item, err), Advice: advice}, nil)
}

// classOf is the kind of an item's failure at an attempt, and what to do; empty for what may happen to any step.
func classOf(err error, attempt int32) (kind, advice string) {
	var exit *host.ExitError
	switch {
	case errors.Is(err, bootstrap.ErrPackages):
		return app.KindPackages, "Mend what the messages name on the host (sources, disk, network), and bootstrap again: it goes on from there."
	case errors.Is(err, bootstrap.ErrLockedOut):
		return app.KindLocked, "Nothing is left of the change. Check the rules and ports in the bootstrap settings, or leave the item out with bootstrap.skip."
	case errors.Is(err, bootstrap.ErrUnproven):
		return app.KindRefused, "Add this machine's public key to bootstrap.public_keys, or leave the item out with bootstrap.skip: logins by password stay open until then."
	case errors.Is(err, bootstrap.ErrStillDiffers):
		return app.KindSpec, "Something else on the host sets it: find what does, or leave the item out with bootstrap.skip."
	case errors.Is(err, bootstrap.ErrSettings):
		return app.KindSpec, ""
	case errors.Is(err, bootstrap.ErrNothingToRevert):
		return app.KindMissing, ""
	case errors.As(err, &exit) && attempt >= commandAttempts:
		return app.KindSpec, "Mend on the host what the message names, or leave the item out with bootstrap.skip, and bootstrap again: it goes on from there."
	}
	return "", ""
}
