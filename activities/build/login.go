package build

import (
	"context"
	"errors"
	"sync"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/build"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/registry"
)

// asked finds the logins that a build asks for, and remembers where, to say so if it fails.
type asked struct {
	entries []app.Registry

	mu sync.Mutex
	// name and found are of the last registry that was asked for, and err is why its login was not found.
	name  string
	found registry.Found
	err   error
}

func (a *asked) login(ctx context.Context, name string) (host.Login, error) {
	found, err := registry.Find(ctx, name, a.entries)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.name, a.found, a.err = name, found, err
	return found.Login, err
}

// failure is a build's that failed for want of a login; nil where it did not.
func (a *asked) failure(in activities.BuildInput, err error) *app.Failure {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil || a.name == "" || errors.Is(err, context.Canceled) {
		return nil
	}
	f := app.Failure{Kind: app.KindRegistry, Service: in.Service}
	var step *build.StepError
	switch {
	case a.err != nil && !errors.Is(a.err, context.Canceled):
		f.Message = a.err.Error()
		f.Advice = "Mend it on the machine of the worker, or name another place in registries." + a.name + " of longshore.yml."
	case errors.As(err, &step) && step.Denied:
		f.Message = "the registry " + a.name + " refuses the login from " + a.found.From + ": " + step.Error()
		f.Advice = "Check the user and the password there, and that this user may pull the image that is built upon."
		if a.found.Login.Anonymous() {
			f.Message = "the registry " + a.name + " wants a login, and there is none in " + a.found.From + ", nor in the settings: " + step.Error()
			f.Advice = "Set registries." + a.name + " in longshore.yml, or run docker login " + a.name + " as the user of the worker."
		}
	default:
		return nil
	}
	return &f
}
