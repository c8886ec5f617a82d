package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/bootstrap"
	"github.com/longshore-dev/longshore/internal/host"
)

func TestFailuresOfItems(t *testing.T) {
	command := &host.ExitError{Command: "useradd", Code: 9, Stderr: "no room"}
	tests := map[string]struct {
		err       error
		attempt   int32
		kind      string
		permanent bool
	}{
		"packages":                     {fmt.Errorf("%w to install x: %w", bootstrap.ErrPackages, command), 1, app.KindPackages, true},
		"locked out":                   {fmt.Errorf("%w: %w", bootstrap.ErrLockedOut, host.ErrUnreachable), 1, app.KindLocked, true},
		"no key for the login":         {fmt.Errorf("%w: %w", bootstrap.ErrUnproven, host.ErrRefused), 1, app.KindRefused, true},
		"still differs":                {bootstrap.ErrStillDiffers, 1, app.KindSpec, true},
		"wrong settings":               {bootstrap.ErrSettings, 1, app.KindSpec, true},
		"nothing to revert":            {bootstrap.ErrNothingToRevert, 1, app.KindMissing, true},
		"a command, at first":          {command, 1, app.KindInternal, false},
		"a command, every time":        {command, commandAttempts, app.KindSpec, true},
		"a lost connection every time": {host.ErrUnreachable, commandAttempts, app.KindUnreachable, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			kind, _ := classOf(test.err, test.attempt)
			if kind == "" {
				kind = activities.FailureOf(failed(context.Background(), app.Host{Name: "web-1"}, "user", test.err)).Kind
			}
			if kind != test.kind || app.Permanent(kind) != test.permanent {
				t.Errorf("%s", kind)
			}
		})
	}
}

func TestAFailedItemIsNamed(t *testing.T) {
	err := failed(context.Background(), app.Host{Name: "web-1"}, "user", bootstrap.ErrStillDiffers)
	var classed *temporal.ApplicationError
	f := activities.FailureOf(err)
	if !errors.As(err, &classed) || !classed.NonRetryable() || f.Host != "web-1" || f.Advice == "" || f.Message != "user: "+bootstrap.ErrStillDiffers.Error() {
		t.Errorf("%+v", f)
	}
	if failed(context.Background(), app.Host{}, "user", nil) != nil {
		t.Error("no error became one")
	}
}
