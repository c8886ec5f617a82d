package build

import (
	"context"
	"errors"
	"sync"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/build"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/registry"
)

// asked finds the logins that a build asks for, and remembers where, to say so if it fails.
type asked struct {
	entries []app.Registry
	secrets unseal.Opener

	mu sync.Mutex
	// found is of the last registry that was asked for, and err is why its login was not found.
	found registry.Found
	err   error
}

func (a *asked) login(ctx context.Context, name string) (host.Login, error) {
	found, err := registry.Find(ctx, name, a.entries, a.secrets.Open)
	a.secrets.Know(found.Login.Secrets()...)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.found, a.err = found, err
	return found.Login, err
}

// failure is a build's that failed for want of a login; nil where it did not.
func (a *asked) failure(in activities.BuildInput, err error) *app.Failure {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil || a.found.Name == "" || errors.Is(err, context.Canceled) {
		return nil
	}
	f := app.Failure{Kind: app.KindRegistry, Service: in.Service}
	var step *build.StepError
	var classed *temporal.ApplicationError
	switch {
	case errors.As(a.err, &classed):
		f = activities.FailureOf(classed)
		f.Service = in.Service
	case a.err != nil && !errors.Is(a.err, context.Canceled):
		f.Message, f.Advice = a.err.Error(), a.found.Unfound()
	case errors.As(err, &step) && step.Denied:
		f.Message, f.Advice = a.found.Refused()
		f.Message += ": " + step.Error()
	default:
		return nil
	}
	return &f
}
