package transfer

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/registry"
)

// login finds who asks for an image. It is sought here, on the worker, so that no history has it.
func (a Activities) login(ctx context.Context, h app.Host, image activities.RegistryImage) (registry.Found, error) {
	found, err := registry.Find(ctx, app.RegistryOf(image.Ref), image.Registries, a.secrets.Open)
	if err == nil {
		a.secrets.Know(found.Login.Secrets()...)
		return found, nil
	}
	var classed *temporal.ApplicationError
	if errors.As(err, &classed) || errors.Is(err, context.Canceled) {
		return found, failing.On(h, err)
	}
	return found, failing.With(app.Failure{
		Kind: app.KindRegistry, Host: h.Name, Service: image.Service, Message: err.Error(), Advice: found.Unfound(),
	}, nil)
}

// refused classes what came of asking a registry for an image; nil stays nil.
func refused(h app.Host, image activities.RegistryImage, found registry.Found, err error) error {
	for _, own := range []error{nil, context.Canceled, host.ErrUnreachable, host.ErrNoDocker, host.ErrDiskFull} {
		if errors.Is(err, own) {
			return failing.On(h, err)
		}
	}
	f := app.Failure{
		Kind: app.KindPull, Host: h.Name, Service: image.Service,
		Message: h.Name + " cannot pull " + image.Ref + ": " + err.Error(),
		Advice:  "Check the image's name, and that the host reaches its registry. Without a way there, x-longshore.transfer: push carries it from the worker.",
	}
	if errors.Is(err, host.ErrDenied) {
		message, advice := found.Refused()
		f.Kind, f.Advice = app.KindRegistry, advice
		f.Message = h.Name + " may not pull " + image.Ref + ": " + message + ": " + err.Error()
	}
	return failing.With(f, nil)
}
